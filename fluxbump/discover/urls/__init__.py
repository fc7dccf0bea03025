"""URLs and references that say in their own form which version they lead to."""
