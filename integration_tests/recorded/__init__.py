"""Shapes of answers that clients of Zoom have recorded or posted, and what is to become of them."""
