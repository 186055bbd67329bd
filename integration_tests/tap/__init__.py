"""Tests of `tap-zoom`; what they share is in integration_tests/singer_harness.py."""
