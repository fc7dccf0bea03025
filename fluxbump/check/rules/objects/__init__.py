"""Rules about Flux custom resources, and what the API server of a release takes."""
