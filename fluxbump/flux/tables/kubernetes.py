"""The oldest Kubernetes version that each Flux release supports."""

from __future__ import annotations

from fluxbump.text import versions

_MINIMUMS = {
    (2, 0): "1.24",
    (2, 1): "1.25",
    (2, 2): "1.26",
    (2, 3): "1.28",
    (2, 4): "1.28",
    (2, 5): "1.30",
    (2, 6): "1.31",
    (2, 7): "1.32",
    (2, 8): "1.33",
    (2, 9): "1.33",
}
"""The oldest Kubernetes version that `flux check` of each minor release accepts.


Written by hand, because no release manifest says it: `kubernetesConstraints` in `cmd/flux/check.go`
of fluxcd/flux2, at the tag of the release.
"""


def kubernetes_minimum(release: str) -> str | None:
    """Return the oldest Kubernetes version that a release supports, `1.32`; None if unknown.

    Args:
        release: `2.7.5`, with or without a leading `v`.
    """
    parsed = versions.parse(release)
    return _MINIMUMS.get((parsed.major, parsed.minor)) if parsed else None
