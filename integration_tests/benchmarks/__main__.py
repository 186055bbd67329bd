"""Measures the connector against the simulator: `make bench`, some 25 minutes.

With words as arguments, only the cases with one of them in their titles run, and nothing is written.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from integration_tests.benchmarks import report
from integration_tests.benchmarks.cases import COST, GROWTH, LIMITS
from integration_tests.benchmarks.measure import Case, Result, measure


def main(words: Sequence[str]) -> None:
    limits, cost, growth = (run(cases, words) for cases in (LIMITS, COST, GROWTH))
    if not words:
        Path("docs/benchmark.svg").write_text(report.plot(limits, growth))
        report.write(Path("README.md"), report.markdown(limits, [*cost, *growth]))
        print("Written: README.md, docs/benchmark.svg")


def run(cases: Sequence[Case], words: Sequence[str]) -> list[Result]:
    results = []
    for case in cases:
        if not words or any(word in case.title for word in words):
            results.append(measure(case))
            print(report.line(results[-1]), flush=True)
    return results


if __name__ == "__main__":
    main(sys.argv[1:])
