"""The JSON documents that commands print, for programs.

Each has a version, and `fluxbump schema` prints its schema. Within a version, keys are only added.
"""
