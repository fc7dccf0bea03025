"""The helm binary, chart archives, locks and indexes."""
