"""Kinds of pin that hold a release of Flux, or what belongs to one."""
