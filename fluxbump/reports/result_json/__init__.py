"""Reports for programs: one JSON document each, versioned, its schema in `fluxbump schema`.

Within a version, keys are only added.
"""
