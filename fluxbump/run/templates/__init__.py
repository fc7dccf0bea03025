"""The templates of the files that `fluxbump init` writes. docs/ci.md shows the same text."""
