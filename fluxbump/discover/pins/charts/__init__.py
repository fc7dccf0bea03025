"""Kinds of pin that hold a version of the community's chart or of the repository's own charts."""
