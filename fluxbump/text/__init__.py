"""Reads files as text: YAML, HCL, Markdown, versions, and which parts of a file are live code."""
