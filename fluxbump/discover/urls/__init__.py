"""Recognizes URLs and references that contain the version to which they lead."""
