"""The journey of `fluxbump recover`: what a cluster has of Flux, which state that is, what to run."""
