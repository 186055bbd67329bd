"""One sync of one Zoom account into a schema of PostgreSQL, which keeps the states as well.

    python sync.py config.json database.json

Environment: SCHEMA; TMPDIR, a folder of this sync's own; STREAMS, if not all are wanted: names with
commas between them.
"""

import json
import logging
import os
import signal
import sys
from pathlib import Path

import airbyte as ab
from airbyte.caches import PostgresCache

CONNECTOR = Path(__file__).with_name("connector.sh")
# Where connector.sh leaves the connector's exit code. There is none when SIGTERM has ended it.
EXIT_CODE = Path(os.environ["TMPDIR"]) / "exit-code"


def stop(*_: object) -> None:
    """Let the connector end, and store what it has read: its states say where the next sync goes on."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # PyAirbyte starts it several times, and need not have come to the one that reads.
    os.environ["STOPPED"] = "yes"
    os.killpg(0, signal.SIGTERM)


def main() -> int:
    """Read, and end as the connector does."""
    # Kubernetes sends SIGTERM to this process alone, which as the first of its container would not notice.
    if os.getpgrp() != os.getpid():
        os.setpgrp()
    signal.signal(signal.SIGTERM, stop)
    config, database = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
    source = ab.get_source("source-zoom", local_executable=CONNECTOR, config=config)
    # What the connector says goes to a file otherwise.
    logging.getLogger("airbyte.source-zoom").addHandler(logging.StreamHandler())
    if streams := os.environ.get("STREAMS"):
        source.select_streams(streams.split(","))
    else:
        source.select_all_streams()
    source.read(cache=PostgresCache(**database, schema_name=os.environ["SCHEMA"]))
    return int(EXIT_CODE.read_text()) if EXIT_CODE.exists() else 128 + signal.SIGTERM


if __name__ == "__main__":
    sys.exit(main())
