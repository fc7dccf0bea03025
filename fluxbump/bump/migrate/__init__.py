"""Migrations: manifests moved off API versions that a release removes or deprecates."""
