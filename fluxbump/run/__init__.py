"""The scheduled job: what `fluxbump run` does, stage by stage."""
