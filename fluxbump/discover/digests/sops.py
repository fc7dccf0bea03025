"""Recognizes files that SOPS encrypts (https://github.com/getsops/sops). Pure.

SOPS can leave values readable, and Flux reads those like any others: kustomize-controller decrypts
a manifest and removes what SOPS has added before it applies the manifest. SOPS also keeps a
checksum of all values in the file, unless `mac_only_encrypted` is set. After an edit by another
program the checksum is wrong, and `sops` refuses to open the file.
"""

from __future__ import annotations

import re
from shlex import quote

from fluxbump.text.patterns import lazy_pattern

METADATA = "sops"
"""The field that SOPS adds to an object; only a file that is encrypted as a whole has it."""

CHECKSUM = "mac"
"""The field with the checksum, below `METADATA`."""

_CIPHERTEXT = "ENC["
_WRITTEN = lazy_pattern(
    r"^[ \t,{]*[\"']?(?:sops_)?mac[\"']?[ \t]*[:=][ \t]*[\"']?ENC\[", re.MULTILINE
)
_READABLE_APART = lazy_pattern(r"mac_only_encrypted[\"']?[ \t]*[:=][ \t]*[\"']?true\b")


def is_ciphertext(value: str) -> bool:
    """Whether a value is encrypted, so that its content is not known."""
    return value.startswith(_CIPHERTEXT)


def is_sealed(text: str) -> bool:
    """Whether a file has a checksum that an edit of a readable value would invalidate."""
    if _CIPHERTEXT not in text or METADATA not in text or _WRITTEN.search(text) is None:
        return False
    return _READABLE_APART.search(text) is None


def advice(path: str) -> str:
    """Return the advice how to edit a file that SOPS encrypts."""
    return f"edit it with `sops {quote(path)}`, which writes the checksum again"
