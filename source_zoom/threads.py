"""Threads that end with the process, and fewer of them where the system gives no more."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

from source_zoom.exceptions import ConfigError

logger = logging.getLogger("airbyte.source_zoom")

Result = TypeVar("Result")

ADVICE = "raise its limit of processes and threads (pids limit, ulimit -u)"


class Threads(Executor):
    """Does what it is given in up to `most` threads, each started when all others are busy.

    At least `least` are there from the beginning; where it is none, those who submit work do it themselves
    if no thread can be started. The standard library's pool would keep the process from ending before all
    its threads have. `_lock` guards `_started` and `_most`; `_idle` counts the threads that wait for work.
    """

    def __init__(self, most: int, name: str, least: int = 0) -> None:
        self._most = most
        self._name = name
        self._least = least
        self._started = 0
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        while self._started < least:
            if not self._start():
                self.shutdown()
                raise ConfigError(
                    f"The system lets the connector start too few threads, and these streams need {least}:"
                    f" select fewer of them, or {ADVICE}."
                )
            self._idle.release()

    def __repr__(self) -> str:
        return f"Threads({self._name}, {self._started} of {self._most})"

    def submit(self, function: Callable[..., Result], /, *arguments: Any, **options: Any) -> Future[Result]:
        future: Future[Result] = Future()

        def work() -> None:
            try:
                future.set_result(function(*arguments, **options))
            except BaseException as error:
                future.set_exception(error)

        if not self._idle.acquire(blocking=False):
            with self._lock:
                if self._started < self._most and not self._start():
                    self._give_up()
            if not self._started:
                work()
                return future
        self._work.put(work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end once they have done what there is; nobody waits for them."""
        for _ in range(self._started):
            self._work.put(None)

    def _give_up(self) -> None:
        self._most = self._started
        if self._least:
            logger.warning(
                f"The system lets the connector start no more than {self._most} threads to read streams, so"
                f" it goes on with these: set num_workers to less, or {ADVICE}."
            )

    def _start(self) -> bool:
        if not start(self._run, self._name):
            return False
        self._started += 1
        return True

    def _run(self) -> None:
        while work := self._work.get():
            work()
            # What it holds is not kept for as long as nothing else comes.
            del work
            self._idle.release()


def start(run: Callable[[], object], name: str) -> bool:
    """Start a thread that ends with the process. Returns False where the system gives none."""
    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except (RuntimeError, MemoryError):
        return False
    return True
