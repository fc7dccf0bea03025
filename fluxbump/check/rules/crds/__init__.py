"""Rules about CRD updates that the API server refuses; `flux/stored_versions` says when it does."""
