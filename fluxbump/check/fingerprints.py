"""Identifies findings from run to run, on whatever line they are. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from fluxbump.model import Finding


def identity(finding: Finding) -> tuple[str, str, str]:
    """Return what identifies a finding: code, path, and the problem without line numbers."""
    about = finding.about or re.sub(r":\d+", "", finding.message)
    return finding.code, finding.location.path, about


def fingerprints(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the fingerprint of each finding: a hash of its identity, and a number.

    The number counts the findings with the same identity, so the order of `found` matters. In the
    order of their places, findings that stay keep their fingerprints.
    """
    seen: Counter[str] = Counter()
    for finding in found:
        digest = sha256("\0".join(identity(finding)).encode("utf-8", "surrogatepass")).hexdigest()
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"
