"""What makes a release: its files, their metadata, and its notes. Not part of the package."""
