"""The parts of `fluxbump recover`: read a cluster, find its state, and write the commands."""
