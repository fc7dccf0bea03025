"""Finds Kubernetes objects inside other text, and reads the source code of programs."""
