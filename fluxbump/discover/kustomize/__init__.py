"""Reads the changes that Kustomize makes to other objects."""
