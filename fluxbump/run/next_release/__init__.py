"""Decides which release the next pull request is for, if any."""
