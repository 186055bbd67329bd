"""The entity diagram: subjects one below the other, so that it is no wider than a phone.

A line leads from a stream to each that joins it, and the column by which it does so stands on the line. All
letters are of one width, so a text is as wide as it is computed to be.
"""

from collections.abc import Sequence

import drawsvg

from scripts.docs.model import Entity, Join, Subject

FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
# The width of a letter in parts of the font's size, and a little more.
LETTER = 0.61
NAME, SMALL = 11, 9
LINE, GAP, PADDING, STEP = 13, 9, 6, 20
INK, LINES, SUBJECT, FIRST, OTHER = "#1f2933", "#52606d", "#edf3fb", "#cbe1fb", "#ffffff"


def draw(subjects: Sequence[Subject]) -> str:
    """The picture as SVG."""
    return _Picture(subjects).as_svg()


def _width(text: str, size: int) -> float:
    return len(text) * size * LETTER


class _Picture:
    """What is drawn so far, down to `y`; `ends` says where a line begins that leads down from a stream."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._y, self._right = float(GAP), 0.0
        self._ends: dict[str, tuple[float, float]] = {}
        self._shapes: list[drawsvg.DrawingElement] = []
        self._areas: list[tuple[float, float, float]] = []
        for subject in subjects:
            self._add(subject)

    def as_svg(self) -> str:
        width = self._right + PADDING + GAP
        picture = drawsvg.Drawing(round(width), round(self._y), font_family=FONT)
        picture.append(drawsvg.Rectangle(0, 0, round(width), round(self._y), fill=OTHER))
        for left, top, height in self._areas:
            right = width - GAP
            picture.append(drawsvg.Rectangle(left, top, round(right - left, 1), height, rx=6, fill=SUBJECT))
        picture.extend(self._shapes)
        text: str = picture.as_svg()
        return text + "\n"

    def _add(self, subject: Subject) -> None:
        left, top = GAP + subject.depth * STEP, self._y
        self._y += LINE + PADDING
        self._write(subject.title, left + PADDING, self._y - PADDING, NAME, font_weight="bold")
        first, *others = subject.entities
        if first.parent:
            self._lead_to_first(first.parent, left + PADDING)
        is_joined = all(entity.parent for entity in others)
        more = [join for join in first.joins if join != first.parent]
        self._box(first, left + PADDING, FIRST if is_joined else OTHER, more)
        for entity in others:
            if is_joined:
                self._branch(first, entity)
            else:
                self._box(entity, left + PADDING, OTHER)
        self._areas.append((left, top, self._y - top))
        self._ends[first.name] = (left + PADDING, self._y)
        self._y += GAP

    def _lead_to_first(self, join: Join, left: float) -> None:
        """A line from the stream of another subject, which ends above the box that comes next."""
        x, y = self._ends[join.stream]
        self._y += LINE
        right = left + _width(join.column, SMALL) + PADDING
        self._write(join.column, left, self._y - 3, SMALL)
        self._line((x, y), (x, self._y), (right, self._y), (right, self._y + PADDING))
        self._ends[join.stream] = (x, self._y)
        self._y += PADDING

    def _branch(self, first: Entity, entity: Entity) -> None:
        """A box with the line that leads to it."""
        x, y = self._ends[first.name]
        column = entity.joins[0].column
        left = x + 2 * PADDING + _width(column, SMALL)
        middle = self._y + LINE
        self._write(column, x + PADDING, middle - 3, SMALL)
        self._line((x, y), (x, middle), (left, middle))
        self._ends[first.name] = (x, middle)
        self._box(entity, left, OTHER)

    def _box(self, entity: Entity, left: float, color: str, joins: Sequence[Join] = ()) -> None:
        """A stream with its key, and with joins for which there is no line."""
        lines = [", ".join(entity.key), *(f"{join.column} → {join.stream}" for join in joins)]
        width = max(_width(entity.name, NAME), *(_width(line, SMALL) for line in lines)) + 2 * PADDING
        height = LINE * (1 + len(lines)) + PADDING
        self._shapes.append(
            drawsvg.Rectangle(
                round(left, 1),
                self._y,
                round(width, 1),
                height,
                rx=3,
                fill=color,
                stroke=LINES,
                stroke_width=0.8,
            )
        )
        self._write(entity.name, left + PADDING, self._y + LINE, NAME)
        for number, line in enumerate(lines, 2):
            self._write(line, left + PADDING, self._y + number * LINE, SMALL)
        self._ends[entity.name] = (left + PADDING, self._y + height)
        self._right = max(self._right, left + width)
        self._y += height + PADDING

    def _write(self, text: str, x: float, y: float, size: int, **style: str) -> None:
        self._shapes.append(drawsvg.Text(text, size, round(x, 1), round(y, 1), fill=INK, **style))

    def _line(self, *points: tuple[float, float]) -> None:
        flat = [round(number, 1) for point in points for number in point]
        self._shapes.append(drawsvg.Lines(*flat, fill="none", stroke=LINES, stroke_width=0.8))
