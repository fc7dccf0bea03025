"""Kinds of pin that hold a release of Flux, or a version or digest that belongs to a release."""
