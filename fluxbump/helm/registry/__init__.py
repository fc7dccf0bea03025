"""A small client for OCI registries: it lists, reads by digest, and verifies. It pushes nothing.

`reference` and `manifest` are pure. `client` asks a registry, with the authorization that `tokens`
gets. `tokens` takes names and passwords from `logins`. `content_store` caches contents, and
`charts` makes a chart index of a repository.
"""
