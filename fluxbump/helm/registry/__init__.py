"""A small client of OCI registries: it lists, reads by digest, and verifies. It pushes nothing.

`reference` and `manifest` are pure. `client` asks a registry, with what `tokens` brings it in on;
that takes names and passwords from `logins`. `content_store` keeps what was read, and `charts`
makes a chart index of a repository.
"""
