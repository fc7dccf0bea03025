"""Writes the pull request of a scheduled run: its title, body and state."""
