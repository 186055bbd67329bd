"""Shows results: as a table for the terminal, as Markdown and as a plot for the README."""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def _statuses(cost: Cost) -> str:
    complete = f"{cost.run.streams - len(cost.run.incomplete)} COMPLETE"
    return f"{complete}, INCOMPLETE: {', '.join(cost.run.incomplete)}" if cost.run.incomplete else complete


def _target(result: Result) -> str:
    if not result.target:
        return ""
    return f"{result.target:.2f} {'met' if result.ratio <= result.target else 'missed'}"


def line(result: Result | Cost) -> str:
    """One result for the terminal, as soon as it is there."""
    columns = TROUBLE if isinstance(result, Cost) else LIMITS if result.bound else COST
    return ", ".join(f"{name}: {cell(result)}" for name, cell in columns)


def table(columns: Columns, results: Iterable[Result | Cost]) -> str:
    """A Markdown table, which is readable on a terminal too."""
    head = [[name for name, _ in columns], ["---"] + ["---:"] * (len(columns) - 1)]
    rows = [[cell(result) for _, cell in columns] for result in results]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in head + rows)


def markdown(limits: Sequence[Result], cost: Sequence[Result], troubles: Sequence[Cost]) -> str:
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
        "![Time over the bound, and growth](docs/benchmark.svg)\n"
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


def write(readme: Path, text: str) -> None:
    """Put the text between the README's markers."""
    before, _, rest = readme.read_text().partition(BEGIN)
    readme.write_text(before + text + rest.partition(END)[2])


def plot(limits: Sequence[Result], growth: Sequence[Result]) -> str:
    """Bars of time ÷ bound, and beneath them CPU time and peak memory against the number of records."""
    parts = []
    for index, result in enumerate(limits):
        row, width = 30 + 18 * index, result.ratio * 200
        parts.append(f'<text x="200" y="{row + 11}" text-anchor="end">{result.title}</text>')
        parts.append(f'<rect x="206" y="{row}" width="{width:.0f}" height="13" fill="#2d8cff"/>')
        parts.append(f'<text x="{212 + width:.0f}" y="{row + 11}">{result.ratio:.2f}</text>')
    base = 30 + 18 * len(limits)
    parts.append(f'<line x1="406" y1="24" x2="406" y2="{base}" stroke="#d33" stroke-dasharray="4 3"/>')
    parts.append('<text x="406" y="18" text-anchor="middle">the bound</text>')
    top = base + 40
    largest = max(result.records for result in growth)
    for column, (name, unit, values) in enumerate(
        (
            ("CPU time", "s", [result.cpu for result in growth]),
            ("peak memory", "MB", [result.peak for result in growth]),
        )
    ):
        left = 50 + 260 * column
        points = [
            (left + 190 * result.records / largest, top + 100 - 90 * value / max(values))
            for result, value in zip(growth, values, strict=True)
        ]
        parts.append(f'<path d="M{left} {top}V{top + 100}H{left + 200}" fill="none" stroke="#888"/>')
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="#2d8cff" stroke-width="2"/>')
        for (x, y), value in zip(points, values, strict=True):
            parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="#2d8cff"/>')
            parts.append(f'<text x="{x:.0f}" y="{y - 6:.0f}" text-anchor="middle">{value:.0f} {unit}</text>')
        parts.append(
            f'<text x="{left + 100}" y="{top + 116}" text-anchor="middle">'
            f"{name} against records, up to {largest:,}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="560" height="{top + 126}"'
        ' font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n"
    )
