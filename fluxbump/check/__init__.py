"""Checks: what `check` and `status` judge, from evidence to a verdict."""
