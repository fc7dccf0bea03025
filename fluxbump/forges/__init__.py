"""Where pull requests live: one leaf per forge."""
