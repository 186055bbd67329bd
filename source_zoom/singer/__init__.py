"""`tap-zoom`: what `source-zoom` reads, as Singer messages. It translates, and knows no stream by itself."""
