"""A Zoom account behind HTTP, for tests, demos and benchmarks."""

from .clock import Clock
from .faults import Faults
from .journal import Journal
from .plans import Size
from .server import Simulator
from .world import World

__all__ = ["Clock", "Faults", "Journal", "Simulator", "Size", "World"]
