"""An Airbyte source connector that reads a Zoom account completely."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_zoom.source import SourceZoom

__all__ = ["SourceZoom"]


def __getattr__(name: str) -> Any:
    # Not at import: `tap-zoom --help` need not wait for the CDK.
    if name == "SourceZoom":
        from source_zoom.source import SourceZoom

        return SourceZoom
    raise AttributeError(name)
