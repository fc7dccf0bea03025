"""Finds objects of Flux in a snapshot, their fields and owners, and selectors of objects."""
