"""The version of fluxbump, apart from all else so that everything may say it."""

__version__ = "0.2.0"
