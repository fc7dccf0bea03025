"""Facts about Flux releases, as tables that ship with the package."""
