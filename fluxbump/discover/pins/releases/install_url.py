"""Finds URLs of the install manifest, which cloud-init, scripts and packages apply."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.embedded import program_source
from fluxbump.discover.pins.kind import BY_HAND, Context, Found
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.urls import local_paths
from fluxbump.discover.urls.install_manifests import PATH, URL
from fluxbump.discover.variables import references, shell_arguments
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.version_forms import form_of

NAME = "install-url"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset(
    {KindTrait.INSTALL_URL, KindTrait.TAG_URL, KindTrait.ONE_RELEASE, KindTrait.BY_VARIABLE}
)

_TAG = lazy_pattern(r"[vV]?[0-9][\w.+-]*|[a-z][a-z0-9-]*")
"""Matches a text that may be meant as a tag, although Flux has no such release."""


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield each install URL in live code, and the exact ones in shipped source of programs.

    There is no note on a URL with a parameter of a shell function that is followed to its calls.
    """
    if PATH not in file.text:
        return
    if file.is_program:
        yield from _in_program(file, context)
        return
    for match in URL.finditer(file.text):
        used = (file.path, match.start("tag")) in context.followed.uses
        if file.is_live(match.start()) and not used:
            yield _found(file, match)


def of_arguments(file: TextFile) -> Iterator[Pin]:
    """Yield the URLs whose release is a parameter of the shell function around them.

    If the calls pass one version, their arguments are the pins. If not, `find` yields a note.
    """
    for match in URL.finditer(file.text) if PATH in file.text else ():
        tag, start = match["tag"] or "", match.start("tag")
        if shell_arguments.number_of(tag) is None or not file.is_live(match.start()):
            continue
        if not references.is_searched(file, match.start()):
            where, end = file.location(start), match.end("tag")
            yield Pin(NAME, FLUX, where, start, end, tag, Form.VARIABLE, "install.yaml")


def _in_program(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield a pin for each exact URL in a program, and a note for each other URL."""
    doubts = program_source.doubts(file, URL)
    for match in URL.finditer(file.text):
        if not context.is_acted_on(file, match.start()):
            continue
        tag = match["tag"] or "latest"
        doubt = doubts[match.start()]
        found = Note(file.location(match.start()), f"{doubt}", advice=BY_HAND)
        yield _found(file, match) if doubt is None and tag.startswith("v") else found


def _found(file: TextFile, match: re.Match[str]) -> Found:
    if match["latest"]:
        start, end = match.span("latest")
        value, form = "latest", Form.UNPINNED
    else:
        tag = match["tag"]
        start = match.start("tag")
        if not references.is_version(tag):
            what = f"{tag} is a pattern, not a release"
            return Note(file.location(start), what, certain=not _TAG.fullmatch(tag))
        form, skip = form_of(tag)
        if form is Form.EXACT and not tag.startswith("v"):
            form = Form.OPAQUE  # Flux has no such tag: nothing to rewrite, something to fix
        start, end = start + skip, match.end("tag")
        value = file.text[start:end]
    if local_paths.is_local(file.text, match.start()):
        what = f"{value} is in {local_paths.LOCAL}"
        return Note(file.location(start), what, certain=True)
    if references.is_searched(file, match.start()):
        what = f"{value} is text that a tool searches for or inserts"
        return Note(file.location(start), what, certain=True)
    return Pin(NAME, FLUX, file.location(start), start, end, value, form, "install.yaml")
