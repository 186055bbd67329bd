"""What tests share that read one stream, sync after sync."""

from integration_tests.completeness import canonical, expected
from integration_tests.conftest import InProcess, Output, server_to_server
from integration_tests.harness import Json
from integration_tests.zoom_simulator import Simulator, Size
from source_zoom.engine.stream import ZoomStream

SIZE = Size(users=3, meetings_per_user=4, webinars_per_user=2, unlisted_per_user=1, past_occurrences=4)


def read(
    connector: InProcess, simulator: Simulator, stream: type[ZoomStream], before: Output | None = None
) -> Output:
    state = before.states if before else ()
    return connector.read(server_to_server(simulator), [stream.stream_name()], state=state)


def state_of(output: Output, stream: type[ZoomStream]) -> Json:
    (state,) = output.states
    assert state["stream"]["stream_descriptor"]["name"] == stream.stream_name()
    found: Json = state["stream"]["stream_state"]
    return found


def rows(stream: type[ZoomStream], *outputs: Output) -> list[Json]:
    """The last of the records with each key."""
    found = {
        tuple(record[part] for part in stream.key_fields()): record
        for output in outputs
        for record in output.records(stream.stream_name())
    }
    return list(found.values())


def missing(simulator: Simulator, stream: type[ZoomStream], *outputs: Output) -> list[str]:
    want = canonical(expected(simulator, stream))
    return list((want - canonical(rows(stream, *outputs), {"row_id"})).elements())
