"""The pages that follow from the sources. `make docs` writes them, and a test compares them."""

from pathlib import Path

from scripts.docs import data_model, diagram, zoom_page
from scripts.docs.model import subjects

ROOT = Path(__file__).parents[2]


def pages() -> dict[str, str]:
    """What each file has to be, by its path in the repository."""
    found = subjects()
    return {
        "docs/data-model.md": data_model.page(found),
        "docs/data-model.svg": diagram.draw(found),
        "docs/zoom.md": zoom_page.page((ROOT / "docs" / "zoom.md").read_text()),
    }
