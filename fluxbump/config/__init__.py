"""The configuration: the settings in `fluxbump.yaml`, and how they are read."""
