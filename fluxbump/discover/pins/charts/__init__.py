"""Kinds of pin that hold the version of a chart: of the community's, or of the repository's own."""
