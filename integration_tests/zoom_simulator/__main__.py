"""Start the simulator as a process of its own: prints where it listens as one line of JSON, then serves."""

import argparse
import json
import signal
import sys
import threading
from dataclasses import fields
from datetime import datetime

from .clock import Clock
from .journal import Journal
from .limits import PLANS
from .plans import Size
from .server import Simulator


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m integration_tests.zoom_simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which world")
    for field in fields(Size):
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, type=type(field.default), default=field.default, help="size of the world")
    parser.add_argument("--plan", choices=PLANS, default="business", help="whose rate limits apply")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that a request takes")
    parser.add_argument("--jitter", type=float, default=0.0, help="share by which the latency swings")
    parser.add_argument("--now", type=datetime.fromisoformat, help="start the clock at this UTC instant")
    parser.add_argument("--stands-still", action="store_true", help="let the clock stand still")
    parser.add_argument("--counts-only", action="store_true", help="keep no list of requests: flat memory")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when the standard input does")
    return parser


def _wait_for_end(done: threading.Event) -> None:
    sys.stdin.read()
    done.set()


def main() -> None:
    options = _parser().parse_args()
    size = Size(**{field.name: getattr(options, field.name) for field in fields(Size)})
    simulator = Simulator(
        options.seed,
        size,
        clock=Clock(options.now, running=not options.stands_still),
        plan=options.plan,
        latency=options.latency,
        jitter=options.jitter,
        journal=Journal(keep=not options.counts_only),
    )
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with simulator:
        print(json.dumps(simulator.facts), flush=True)
        if options.until_stdin_closes:
            threading.Thread(target=_wait_for_end, args=(done,), daemon=True).start()
        done.wait()


if __name__ == "__main__":
    main()
