"""What builds, checks and writes about this repository, beside its sources."""
