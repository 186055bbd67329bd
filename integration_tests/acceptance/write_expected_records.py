"""Write expected_records.jsonl anew: `python -m integration_tests.acceptance.write_expected_records`.

It keeps the streams that are in it. Look at the difference before you commit it: a changed key duplicates
rows in people's tables.
"""

import json
import tempfile
from pathlib import Path

from integration_tests.acceptance import EXPECTED_RECORDS, account
from integration_tests.conftest import STREAM_NAMES, Connector, server_to_server

PER_STREAM = 2


def main() -> None:
    names = {json.loads(line)["stream"] for line in EXPECTED_RECORDS.read_text().splitlines()}
    with account() as simulator, tempfile.TemporaryDirectory() as folder:
        output = Connector(Path(folder)).read(server_to_server(simulator))
    lines = [
        json.dumps({"stream": name, "data": data}, sort_keys=True, ensure_ascii=False)
        for name in STREAM_NAMES
        if name in names
        for data in sorted(output.records(name), key=lambda data: json.dumps(data, sort_keys=True))[
            :PER_STREAM
        ]
    ]
    EXPECTED_RECORDS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
