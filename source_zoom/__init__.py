"""An Airbyte source connector that reads a Zoom account completely."""

from source_zoom.source import SourceZoom

__all__ = ["SourceZoom"]
