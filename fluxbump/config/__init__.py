"""`fluxbump.yaml`: what a team can set, and how it is read."""
