"""What `make docs` writes: it is as committed, lacks nothing, and its picture is legible."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from scripts.docs import ROOT, diagram, messages, pages
from scripts.docs.messages import unexplained, unsaid
from scripts.docs.model import Entity, Join, schema_of, subjects
from scripts.docs.sentences import sentences
from source_zoom.engine.stream import ZoomStream, ZoomSubstream
from source_zoom.streams import STREAMS

SUBJECTS = subjects()
ENTITIES = {entity.name: entity for subject in SUBJECTS for entity in subject.entities}
PAGES = pages()
PHONE = 400
TEXT = "{http://www.w3.org/2000/svg}text"

every_entity = pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)


@pytest.mark.parametrize("path", PAGES)
def test_make_docs_changes_nothing(path: str) -> None:
    assert (ROOT / path).read_text() == PAGES[path], "run `make docs`"


def test_each_sentence_is_among_the_messages() -> None:
    assert unexplained() == []


def test_each_message_is_in_the_code() -> None:
    assert unsaid() == []


def test_a_new_sentence_is_on_the_page_before_anybody_explains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = sentences()
    monkeypatch.setattr(messages, "sentences", lambda: {*known, "Zoom has gone fishing in …."})
    assert f"\n| Zoom has gone fishing in …. | {messages.MISSING} |\n" in messages.messages()


def test_each_stream_is_in_one_subject() -> None:
    found = Counter(entity.name for subject in SUBJECTS for entity in subject.entities)
    assert found == Counter(stream.stream_name() for stream in STREAMS)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())
def test_each_column_is_on_the_page(stream: type[ZoomStream]) -> None:
    (section,) = [
        part
        for part in PAGES["docs/data-model.md"].split("\n### ")
        if part.startswith(f"{stream.stream_name()}\n")
    ]
    assert all(f"\n| `{name}` | " in section for name in schema_of(stream)["properties"])


@every_entity
def test_joins_lead_from_a_column_to_a_key_of_the_same_type(entity: Entity) -> None:
    types = {column.path: column.type for column in entity.columns}
    for join in entity.joins:
        other = ENTITIES[join.stream]
        assert list(other.key) == [join.key]
        assert types[join.column] == next(one.type for one in other.columns if one.path == join.key)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stream_name())
def test_what_hangs_on_another_list_has_a_parent(stream: type[ZoomStream]) -> None:
    assert ENTITIES[stream.stream_name()].parent or not issubclass(stream, ZoomSubstream)


def test_joins_are_found_by_what_is_inherited_by_names_and_by_descriptions() -> None:
    def joins(name: str) -> list[tuple[str, str]]:
        return [(join.column, join.stream) for join in ENTITIES[name].joins]

    assert joins("report_meetings") == [("meeting_id", "meetings"), ("host_id", "users")]
    assert ("meeting_uuid", "report_meetings") in joins("report_history_meetings")
    assert ENTITIES["meeting_summaries"].parent == Join("meeting_uuid", "report_meetings", "uuid")
    # Where else to look, and no place to be.
    assert ("role_id", "roles") in joins("users")
    assert not ENTITIES["users"].parent
    assert joins("group_members") == [("group_id", "groups"), ("id", "users")]
    # A number within one meeting.
    assert ("user_id", "users") not in joins("report_meeting_participants")


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not (is_beside or self.bottom <= other.top or other.bottom <= self.top)


def texts(picture: ElementTree.Element) -> Iterator[Box]:
    for text in picture.iter(TEXT):
        size, x, y = (float(text.attrib[name]) for name in ("font-size", "x", "y"))
        # DejaVu Sans Mono is the widest of the fonts.
        yield Box(x, y - 0.76 * size, x + 0.6021 * size * len(text.text or ""), y + 0.24 * size)


def test_nothing_in_the_picture_overlaps_and_a_phone_shows_it_legibly() -> None:
    picture = ElementTree.fromstring(diagram.draw(SUBJECTS))
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    assert width <= PHONE
    sizes = [float(text.attrib["font-size"]) for text in picture.iter(TEXT)]
    assert min(sizes) * PHONE / width >= 9
    found = list(texts(picture))
    assert len(found) > 2 * len(ENTITIES)
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
    assert all(box.left >= 0 and box.right <= width and box.bottom <= height for box in found)
