"""A PostgreSQL server for tests, and what its tables hold."""

import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration_tests.harness import Json

POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@contextmanager
def postgresql() -> Iterator[int]:
    """A PostgreSQL of its own, on loopback only. Gives its port; it is gone afterwards."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data = f"{folder}/data"

        def command(name: str, *arguments: str) -> None:
            # PostgreSQL refuses to run as root.
            subprocess.run(
                [POSTGRESQL[-1] / name, *arguments], user="postgres", stdout=subprocess.DEVNULL, check=True
            )

        Path(folder).chmod(0o777)
        command("initdb", "-D", data, "-A", "trust", "-U", "postgres")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        command("pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield port
        finally:
            command("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")


def table(port: int, schema: str, name: str) -> list[Json]:
    """The rows of a table."""
    query = f'select row_to_json(t) from "{schema}"."{name}" t'
    psql = [str(POSTGRESQL[-1] / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    dump = subprocess.run([*psql, "-Atc", query], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in dump.splitlines()]
