"""What tells findings apart from run to run, whatever line they are on. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from fluxbump.model import Finding


def identity(finding: Finding) -> tuple[str, str, str]:
    """Return what tells a finding apart, whatever line it is on and its message speaks of."""
    about = finding.about or re.sub(r":\d+", "", finding.message)
    return finding.code, finding.location.path, about


def fingerprints(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the fingerprint of each finding: a hash of its identity, and a number.

    Findings with the same identity are told apart by counting, so the order matters: that of the
    places keeps the prints of those that stay.
    """
    seen: Counter[str] = Counter()
    for finding in found:
        digest = sha256("\0".join(identity(finding)).encode("utf-8", "surrogatepass")).hexdigest()
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"
