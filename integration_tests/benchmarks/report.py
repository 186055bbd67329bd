"""Shows results: as a table for the terminal, as Markdown and as a plot for docs/benchmark.md."""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integration_tests.benchmarks.again import Course, Step
from integration_tests.benchmarks.measure import Result
from integration_tests.benchmarks.trouble import Cost

BEGIN, END = "<!-- benchmark: written by make bench -->", "<!-- end of benchmark -->"

Columns = Sequence[tuple[str, Callable[[Any], str]]]

SIZE: Columns = (
    ("records", lambda result: f"{result.records:,} of {result.rows:,}"),
    ("requests", lambda result: f"{result.requests:,}"),
)
LIMITS: Columns = (
    ("plan, account", lambda result: result.title),
    *SIZE,
    ("÷ least", lambda result: f"{result.requests / result.least:.3f}"),
    ("refused", lambda result: f"{100 * result.refused / result.requests:.2f} %"),
    ("bound", lambda result: f"{result.bound:.0f} s"),
    ("time", lambda result: f"{result.wall:.0f} s"),
    ("÷ bound", lambda result: f"{result.ratio:.2f}"),
    ("target", lambda result: _target(result)),
)
COST: Columns = (
    ("what", lambda result: result.title),
    *SIZE,
    ("CPU", lambda result: f"{result.cpu:.1f} s"),
    ("records per CPU s", lambda result: f"{result.records / result.cpu:,.0f}"),
    ("CPU per request", lambda result: f"{1000 * result.cpu / result.requests:.2f} ms"),
    ("peak memory", lambda result: f"{result.peak:.0f} MB"),
)
TROUBLE: Columns = (
    ("trouble", lambda cost: cost.title),
    ("met by", lambda cost: f"{len(cost.run.hits):,} requests in {cost.lasted:.1f} s"),
    ("records", lambda cost: f"{cost.run.records:,} of {cost.without.records:,}"),
    ("requests", lambda cost: f"{cost.run.requests:,} instead of {cost.without.requests:,}"),
    ("undisturbed", lambda cost: f"{cost.without.seconds:.0f} s"),
    ("time", lambda cost: f"{cost.run.seconds:.0f} s"),
    ("÷ undisturbed", lambda cost: f"{cost.ratio:.2f}"),
    ("streams", lambda cost: _statuses(cost)),
)
AGAIN: Columns = (
    ("what", lambda step: step.what),
    ("requests", lambda step: f"{step.requests:,}"),
    ("of which HEAVY", lambda step: f"{step.heavy:,}"),
    ("records", lambda step: f"{step.records:,}"),
    ("largest state of a stream", lambda step: f"{step.state:,} bytes"),
    ("target", lambda step: step.target),
)


def _statuses(cost: Cost) -> str:
    complete = f"{cost.run.streams - len(cost.run.incomplete)} COMPLETE"
    return f"{complete}, INCOMPLETE: {', '.join(cost.run.incomplete)}" if cost.run.incomplete else complete


def _target(result: Result) -> str:
    if not result.target:
        return ""
    return f"{result.target:.2f} {'met' if result.ratio <= result.target else 'missed'}"


def line(result: Result | Cost | Course) -> str:
    """One result for the terminal, as soon as it is there."""
    if isinstance(result, Course):
        return again([result])
    columns = TROUBLE if isinstance(result, Cost) else LIMITS if result.bound else COST
    return ", ".join(f"{name}: {cell(result)}" for name, cell in columns)


def table(columns: Columns, results: Iterable[Result | Cost | Step]) -> str:
    """A Markdown table, which is readable on a terminal too."""
    head = [[name for name, _ in columns], ["---"] + ["---:"] * (len(columns) - 1)]
    rows = [[cell(result) for _, cell in columns] for result in results]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in head + rows)


def markdown(
    limits: Sequence[Result], cost: Sequence[Result], troubles: Sequence[Cost], courses: Sequence[Course]
) -> str:
    today = datetime.now(UTC).date()
    return (
        f"{BEGIN}\n"
        f"`make bench`, {today}, {os.cpu_count()} cores, Python {platform.python_version()}; simulator and"
        " connector on the same machine.\n\n"
        "At the limits (latency 150 ms ± 30 %; the bound is the least number of requests ÷ the limit):\n\n"
        f"{table(LIMITS, limits)}\n"
        "Without limits and latency:\n\n"
        f"{table(COST, cost)}\n"
        f"{trouble(troubles)}\n"
        f"{again(courses)}\n"
        "![Time over the bound, and growth](benchmark.svg)\n"
        f"{END}"
    )


def trouble(costs: Sequence[Cost]) -> str:
    return (
        "With trouble, measured on the simulator at the pace of Pro (`auto`), without latency, against an"
        " undisturbed read of the\nsame account. The seconds are those of a simulated clock, on which the"
        " connector's waits pass in full: ten minutes of\nretries for what may yet be answered, a minute for"
        " an answer that never comes (a connection that is closed stands\nfor it, or the minute would be a"
        " real one). What the program works counts as long as it really takes.\n\n"
        f"{table(TROUBLE, costs)}"
    )


def again(courses: Sequence[Course]) -> str:
    return (
        "Again, with all streams of past occurrences but for the Q&A and the surveys of the reports.\n"
        "Requests are counted, by a clock that is moved by hand. Most meetings are held every day, between\n"
        "eight and nineteen o'clock, and their attendance grows for two hours; the first sync is at four.\n"
        "The row of a host counts meetings that one person attended alone, which no list shows, so that his\n"
        'list is asked for in vain for six hours, once in each; in "rows as lists" it does not. Nobody\n'
        "knows which of the two Zoom does.\n\n"
        f"{table(AGAIN, [step for course in courses for step in course.steps])}"
    )


def write(page: Path, text: str) -> None:
    """Put the text between the page's markers."""
    before, _, rest = page.read_text().partition(BEGIN)
    page.write_text(before + text + rest.partition(END)[2])


def plot(limits: Sequence[Result], growth: Sequence[Result]) -> str:
    """Bars of time ÷ bound, and beneath them CPU time and peak memory against the number of records.

    No wider than a phone.
    """
    parts = []
    bars, bound = 186, 130
    for index, result in enumerate(limits):
        row, width = 30 + 18 * index, result.ratio * bound
        parts.append(f'<text x="{bars - 6}" y="{row + 11}" text-anchor="end">{result.title}</text>')
        parts.append(f'<rect x="{bars}" y="{row}" width="{width:.0f}" height="13" fill="#2d8cff"/>')
        parts.append(f'<text x="{bars + 6 + width:.0f}" y="{row + 11}">{result.ratio:.2f}</text>')
    base, line = 30 + 18 * len(limits), bars + bound
    parts.append(f'<line x1="{line}" y1="24" x2="{line}" y2="{base}" stroke="#d33" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{line}" y="18" text-anchor="middle">the bound</text>')
    largest = max(result.records for result in growth)
    for number, (name, unit, values) in enumerate(
        (
            ("CPU time", "s", [result.cpu for result in growth]),
            ("peak memory", "MB", [result.peak for result in growth]),
        )
    ):
        left, top = 40, base + 40 + 150 * number
        points = [
            (left + 24 + 240 * result.records / largest, top + 100 - 90 * value / max(values))
            for result, value in zip(growth, values, strict=True)
        ]
        parts.append(f'<path d="M{left} {top}V{top + 100}H{left + 290}" fill="none" stroke="#888"/>')
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="#2d8cff" stroke-width="2"/>')
        for (x, y), value in zip(points, values, strict=True):
            parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="#2d8cff"/>')
            parts.append(
                f'<text x="{x - 4:.0f}" y="{y - 9:.0f}" text-anchor="middle">{value:.0f} {unit}</text>'
            )
        parts.append(f'<text x="{left}" y="{top + 116}">{name} against records, up to {largest:,}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="386" height="{base + 320}"'
        ' font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n"
    )
