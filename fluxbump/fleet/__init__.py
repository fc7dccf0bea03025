"""Runs `fluxbump run` in many repositories, in parallel, and collects the results."""
