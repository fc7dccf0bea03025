"""Bumps: what `to` and `sync` do, from a plan to commits or an edited working tree."""
