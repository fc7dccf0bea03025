"""Objects of Flux, and what picks objects: their fields, their owners."""
