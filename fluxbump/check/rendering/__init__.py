"""Renders wrappers with `helm template`, so that rules can check the objects."""
