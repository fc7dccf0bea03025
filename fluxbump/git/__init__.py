"""Repositories, local and remote."""
