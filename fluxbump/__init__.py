"""fluxbump moves every Flux pin of a GitOps monorepo to one release, in one commit, or refuses."""

__version__ = "0.1.0"
