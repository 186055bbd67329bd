"""docs/data-model.md: what each stream's table holds, and how the tables join."""

from collections.abc import Iterable, Iterator, Sequence

from scripts.docs.markdown import anchor, code, table
from scripts.docs.model import Column, Entity, Subject

HEAD = """# Data model

Written by `make docs` from the streams' declarations and schemas.

Each stream is a table. In the picture a line leads from a stream to each that joins it, and the column by
which it does so stands on the line; below a stream's name stands its key.

![The streams by subject, with the columns by which they join](data-model.svg)

- The key of a past occurrence is its UUID. `report_meetings.uuid`, `report_webinars.uuid` and
  `recordings.uuid` are of one kind, so recordings join attendance by it.
- An id that is not found where it leads to is no mistake: past occurrences outlive what is listed, and users
  leave.
- Every column but those of the key may be null, and columns that Zoom adds later arrive too. Lists and
  objects arrive as JSON, or in whatever the destination has for them; their parts are folded up below each
  table.
"""


def page(subjects: Sequence[Subject]) -> str:
    """The page, with a section for each subject and in it one for each stream."""
    parts = [HEAD, table(["subject", "streams"], map(_contents, subjects))]
    for subject in subjects:
        parts += [f"## {subject.title}\n", *map(_section, subject.entities)]
    return "\n".join(parts)


def _contents(subject: Subject) -> list[str]:
    names = (one.name for one in subject.entities)
    return [
        f"[{subject.title}](#{anchor(subject.title)})",
        ", ".join(f"[`{name}`](#{name})" for name in names),
    ]


def _section(entity: Entity) -> str:
    columns = [column for column in entity.columns if "." not in column.path]
    nested = [column for column in entity.columns if "." in column.path]
    return "\n".join(
        [
            f"### {entity.name}\n",
            f"{entity.description}\n",
            *(f"- {line}" for line in _keys(entity)),
            "",
            _table(columns),
            *(_folded(nested) if nested else ()),
        ]
    )


def _keys(entity: Entity) -> Iterator[str]:
    yield f"Key: {code(entity.key)}"
    if entity.cursor:
        yield f"Cursor: `{entity.cursor}`"
    for join in entity.joins:
        kind = "Parent" if join == entity.parent else "Joins"
        yield f"{kind}: [`{join.stream}`](#{join.stream}), `{join.column}` = `{join.stream}.{join.key}`"


def _folded(columns: Sequence[Column]) -> Iterable[str]:
    outer = dict.fromkeys(column.path.partition(".")[0] for column in columns)
    names = ", ".join(f"<code>{name}</code>" for name in outer)
    return (f"<details>\n<summary>Inside of {names}</summary>\n", _table(columns), "</details>\n")


def _table(columns: Sequence[Column]) -> str:
    rows = ([f"`{one.path}`", one.type, one.description] for one in columns)
    return table(["column", "type", "description"], rows)
