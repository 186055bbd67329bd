"""A Zoom account behind HTTP, for tests, demos and benchmarks."""

from .clock import Clock
from .faults import Faults
from .journal import Journal
from .server import Simulator
from .world import Size, World

__all__ = ["Clock", "Faults", "Journal", "Simulator", "Size", "World"]
