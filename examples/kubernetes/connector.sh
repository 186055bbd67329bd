#!/bin/sh
# PyAirbyte throws away all that was read, with the states, when the connector's exit code is not 0. But the connector
# ends with 1 whenever Zoom has refused a single stream, or its daily limit is used up, and the next sync is to go on.
# So a read succeeds for PyAirbyte, and sync.py ends with the exit code that stands in the file.
[ -z "$STOPPED" ] || exit 143
source-zoom "$@"
code=$?
[ "$1" = read ] || exit $code
echo $code > "$TMPDIR/exit-code"
