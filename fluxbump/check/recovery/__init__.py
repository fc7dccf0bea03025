"""The journey of `fluxbump recover`: what a cluster has, which state that is, what to run."""
