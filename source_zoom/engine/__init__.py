"""How any stream is read: what a declaration can say, and what becomes of each unit of work."""
