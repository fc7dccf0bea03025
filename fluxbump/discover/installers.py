"""What people call the place that installs Flux. Pure.

Cloud-init is only one of them: a script, a Makefile or a package names the same URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fluxbump.discover.tracks import installs
from fluxbump.model import FLUX, Form, Inventory, Pin
from fluxbump.text.patterns import lazy_pattern

INSTALL_URL = "install-url"

_CLOUD_INIT = "cloud-init"
_NAME = lazy_pattern(r"(?:^|[._-])(?:cloud[-_]?init|user[-_]?data)(?![a-z])", re.IGNORECASE)
_HEADER = lazy_pattern(r"#cloud-config[ \t]*$", re.MULTILINE)
_HEAD = 4096  # characters; the header stands on the first line, or below a template's comments


def sources(inventory: Inventory) -> list[Pin]:
    """Return the pins that say which release is installed, however they hold it; URLs first."""
    return installs(inventory.pins, FLUX)


def exact(inventory: Inventory) -> list[Pin]:
    """Return those that hold one release."""
    return [pin for pin in sources(inventory) if pin.form is Form.EXACT]


def name(pin: Pin, files: Mapping[str, str]) -> str:
    """Name what installs the release that `pin` holds, at the beginning of a message.

    Args:
        pin: one of `sources`.
        files: the text of each candidate, by path.
    """
    if pin.kind != INSTALL_URL:
        return pin.subject
    path = pin.location.path
    named = _NAME.search(path.rpartition("/")[2]) is not None
    if named or _HEADER.search(files.get(path, "")[:_HEAD]):
        return _CLOUD_INIT
    return "the install URL"
