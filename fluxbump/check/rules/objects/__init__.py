"""Rules that the API server accepts the Flux custom resources at a release (FB203 to FB205)."""
