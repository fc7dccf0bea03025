"""The output formats of `fluxbump check`, one module each, listed in `registry`."""
