"""Checks of a repository, for `check`, `status` and bumps: from evidence to a verdict."""
