"""The API server's refusal of a CRD, read back: in the words of any Kubernetes.

The words are those of `ValidateCustomResourceDefinitionStoredVersions` in
k8s.io/apiextensions-apiserver; they changed in Kubernetes 1.33 (kubernetes/kubernetes pull request
128746).
"""

from __future__ import annotations

import re

_NAME = re.compile(r'"(?P<crd>[a-z0-9-]+(?:\.[a-z0-9-]+)+)" is invalid:')
_REFUSAL = re.compile(
    r'status\.storedVersions\[\d+\]: Invalid value: "(?P<version>[a-z0-9]+)": '
    r"(?:(?P<old>must appear in spec\.versions)|missing from spec\.versions)"
)


def recognise(text: str) -> tuple[str | None, str, bool] | None:
    """Recognise a refusal in a text.

    Returns:
        The CRD, when the text names it, the first version that is refused, and whether the words
        are those of Kubernetes before 1.33; None for any other text.
    """
    refusal = _REFUSAL.search(text)
    if refusal is None:
        return None
    names = [name["crd"] for name in _NAME.finditer(text, 0, refusal.start())]
    return (names[-1] if names else None), refusal["version"], bool(refusal["old"])
