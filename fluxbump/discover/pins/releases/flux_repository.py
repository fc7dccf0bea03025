"""Finds uses of Flux's git repository at a release's tag: GitOps sources, vendir, Nix, archives.

The role depends on what is used from the repository. Argo CD names the path beside the tag, so it
is known whether it installs Flux. Other sources are read by other tools.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from fluxbump.discover.pins import tagged_urls
from fluxbump.discover.pins.kind import BY_HAND, Context, Found, pin_at
from fluxbump.discover.pins.kind_traits import KindTrait
from fluxbump.discover.pins.tagged_urls import Url
from fluxbump.discover.variables import references
from fluxbump.model import FLUX, Form, Note, Pin, Role
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml import Document, Node, Scalar

NAME = "flux-repository"
ROLE = Role.INSTALLS
NEEDLES: tuple[str, ...] = ()
TRAITS = frozenset({KindTrait.TAG_URL, KindTrait.BY_VARIABLE})

_REPOSITORY = lazy_pattern(r"(?:\S*[/@])?github\.com[/:]fluxcd/flux2(?:\.git)?/?")
_SLUG = "fluxcd/flux2"
_INSTALLED = lazy_pattern(r"(?:\./)?manifests/(?:install|bases|crds|rbac|policies)(?:/.*)?")
_TAG = lazy_pattern(r"v?[0-9]\S*")
_SUBJECT = "the repository of Flux"
_WHOLE = rf"(?P<tag>(?>(?:{references.PIECE}|(?!\.(?:tar\.gz|tgz|zip)\b)[^/\s\"'`?#;])+))"
_URL = Url(
    NAME,
    _SLUG,
    lazy_pattern(
        rf"github(?:\.com/fluxcd/flux2/(?:archive/(?:refs/tags/)?|tarball/|zipball/)"
        rf"|:fluxcd/flux2/){_WHOLE}"
    ),
    _SUBJECT,
)


def find(file: TextFile, context: Context) -> Iterator[Found]:
    """Yield the release of each such source and URL. A branch holds no release."""
    if _SLUG not in file.text:
        return
    for found in tagged_urls.find(_URL, file, context):
        yield replace(found, role=Role.REFERENCE) if isinstance(found, Pin) else found
    for document in file.documents:
        if _SLUG not in document.source:
            continue
        for mapping in yaml.mappings(document.root):
            yield from _in_mapping(document, mapping)


def _in_mapping(document: Document, mapping: Node) -> Iterator[Found]:
    url = yaml.text_of(mapping, "url") or yaml.text_of(mapping, "repoURL") or ""
    slug = yaml.text_of(mapping, "slug")
    if not _REPOSITORY.fullmatch(url) and slug != _SLUG:
        return
    tag = _tag(document, mapping, ("tag",) if slug else ("ref", "targetRevision"))
    if tag is None or not _TAG.fullmatch(tag.value):
        return
    if yaml.get(mapping, "ref", "commit") is not None:
        message = f"{_SUBJECT} is at a commit beside {tag.value}"
        yield Note(tag.location, message, advice=BY_HAND)
        return
    pin = pin_at(NAME, FLUX, tag, _SUBJECT)
    if pin.form is Form.EXACT and not tag.value.startswith("v"):
        pin = replace(pin, form=Form.OPAQUE)
    installed = _INSTALLED.fullmatch(yaml.text_of(mapping, "path") or "")
    yield pin if installed else replace(pin, role=Role.REFERENCE)


def _tag(document: Document, mapping: Node, keys: tuple[str, ...]) -> Scalar | None:
    for key in keys:
        for path in ((key,), (key, "semver"), (key, "tag")):
            scalar = document.scalar(yaml.get(mapping, *path))
            if scalar is not None and scalar.value:
                return scalar
    return None
