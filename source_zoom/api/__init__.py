"""How to ask Zoom, and what its answers mean."""
