"""Fuzzing: every parser, and the round trip of a bump, over texts that nobody would write."""
