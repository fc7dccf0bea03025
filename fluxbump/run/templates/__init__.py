"""The files that `fluxbump init` offers; docs/ci.md shows the same text."""
