"""Rules about CRD updates that the API server would refuse; `flux/stored_versions` has its rule."""
