"""The fleet: `fluxbump run` in many repositories, side by side."""
