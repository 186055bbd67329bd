"""`python -m source_zoom` does what the console script does."""

from source_zoom.run import script

script()
