"""Measures the connector against the simulator: `make bench`, half an hour.

With words as arguments, only the cases with one of them in their titles run, and nothing is written.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from integration_tests.benchmarks import report
from integration_tests.benchmarks.again import Again, Course, read_again
from integration_tests.benchmarks.cases import AGAIN, COST, GROWTH, LIMITS, TROUBLES
from integration_tests.benchmarks.measure import Case, Result, measure
from integration_tests.benchmarks.trouble import Cost, Trouble, compare

Row = TypeVar("Row", Case, Trouble, Again)
Measured = TypeVar("Measured", Result, Cost, Course)


def main(words: Sequence[str]) -> None:
    limits, cost, growth = (run(cases, words, measure) for cases in (LIMITS, COST, GROWTH))
    troubles = run(TROUBLES, words, compare)
    courses = run(AGAIN, words, read_again)
    if not words:
        Path("docs/benchmark.svg").write_text(report.plot(limits, growth))
        report.write(Path("docs/benchmark.md"), report.markdown(limits, [*cost, *growth], troubles, courses))
        print("Written: docs/benchmark.md, docs/benchmark.svg")


def run(cases: Sequence[Row], words: Sequence[str], measured: Callable[[Row], Measured]) -> list[Measured]:
    results = []
    for case in cases:
        if not words or any(word in case.title for word in words):
            results.append(measured(case))
            print(report.line(results[-1]), flush=True)
    return results


if __name__ == "__main__":
    main(sys.argv[1:])
