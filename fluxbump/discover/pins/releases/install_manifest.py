"""Finds a committed copy of a release's `install.yaml`, by its labels and not by its name.

The release in the first label is the pin. The rest of the file follows from the release, so a bump
generates the file again: see `gotk_replace`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.flux import gotk
from fluxbump.flux.components import of_manifest
from fluxbump.model import FLUX, Form, Pin, Role
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.version_forms import form_of

NAME = "install-manifest"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.COPIED_MANIFEST})


def find(file: TextFile, context: Context) -> Iterator[Pin]:
    """Yield the release in the first label of the manifest."""
    del context
    if not gotk.may_be_copy(file.text) or file.language is not Language.SCRIPT:
        return
    manifest = gotk.read_copy(file.text)
    if manifest is None or form_of(manifest.version)[0] is not Form.EXACT:
        return
    start, end = manifest.start, manifest.start + len(manifest.version)
    where = file.location(start)
    yield Pin(NAME, FLUX, where, start, end, manifest.version, Form.EXACT, "copy of install.yaml")


def components(file: TextFile, pin: Pin) -> frozenset[str] | None:
    """Return the controllers whose objects the manifest holds."""
    del pin
    return of_manifest(file.text)
