"""Digests of what Flux publishes: their spellings, and which download one belongs to."""
