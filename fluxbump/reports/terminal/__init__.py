"""Fits text to the width of a terminal. Pure."""
