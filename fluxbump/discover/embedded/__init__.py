"""Kubernetes objects inside other text, and what program source says."""
