"""The rule that the HelmRelease of Flux keeps its Helm release, or Flux is uninstalled (FB303).

helm-controller (1.1.0, `ReleaseTargetChanged`) uninstalls the release that it knows when the
HelmRelease comes to name another one, and when the HelmRelease is deleted. It does neither while
the HelmRelease is suspended.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from fluxbump.check.evidence_parts import Absent
from fluxbump.check.rules.rule import Danger, Evidence, NotRun, Outcome, Rule, optional
from fluxbump.discover.objects.owners import TRUE, owners
from fluxbump.model import Finding, Inventory, Location, Related, Severity
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.yaml import Document, Node

_FIELDS = ("releaseName", "targetNamespace", "storageNamespace")


class _Release(Struct, frozen=True):
    """A HelmRelease, and the Helm release that it names.

    Attributes:
        name: `metadata.name` of the HelmRelease.
        namespace: `metadata.namespace`; empty if the manifest does not state it.
        suspended: True if the manifest suspends it.
        target: the fields that helm-controller compares, with its defaults. A field whose value is
            not known is missing.
        location: the place of the HelmRelease.
        places: the places of the fields that the manifest sets.
    """

    name: str
    namespace: str
    suspended: bool
    target: Mapping[str, str]
    location: Location
    places: Mapping[str, Location]

    def same_object(self, other: _Release) -> bool:
        """Whether both may be one object. A namespace that is not stated may be any."""
        spaces = {self.namespace, other.namespace} - {""}
        return self.name == other.name and len(spaces) <= 1

    def changed(self, other: _Release) -> list[str]:
        """Return the fields that have another value in `other`, if both values are known."""
        common = [field for field in self.target if field in other.target]
        return [field for field in common if self.target[field] != other.target[field]]


def identity(evidence: Evidence) -> Iterator[Outcome]:
    """Check that Flux's HelmRelease names the same Helm release as at the base (FB303)."""
    if isinstance(evidence.baseline, Absent):
        if any(owners(evidence.inventory)):
            yield NotRun("FB303", evidence.baseline.reason)
        return
    before = _owned(evidence.baseline.inventory)
    if not before:
        return
    unread = {unreadable.location.path for unreadable in evidence.inventory.unreadable}
    after = _owned(evidence.inventory)
    if not _all_stayed(before, after):
        after = _all(evidence, after, {release.name for release in before})
    for old, new in _pairs(before, after):
        if new is None and old.location.path in unread:
            yield NotRun("FB303", f"{old.location.path} cannot be parsed")
        elif new is None and not old.suspended:
            yield _gone(old)
        elif new is not None:
            yield from _changes(old, new)


def _gone(old: _Release) -> Finding:
    tail = (
        "is removed while it is not suspended, so helm-controller uninstalls Flux. "
        "First merge `suspend: true`, and wait for every cluster"
    )
    message, gist = f"HelmRelease {old.name} {tail}", f"a HelmRelease {tail}"
    return Finding("FB303", Severity.ERROR, message, old.location, gist=gist)


def _changes(old: _Release, new: _Release) -> Iterator[Finding]:
    fields = old.changed(new)
    if not fields:
        return
    what = ", ".join(f"{field} {old.target[field]} -> {new.target[field]}" for field in fields)
    asleep = old.suspended and new.suspended
    when = " as soon as it is resumed" if asleep else ""
    message = (
        f"HelmRelease {new.name} changes {what}, so helm-controller "
        f"uninstalls Flux{when}. Restore it, or follow `fluxbump rule FB303`"
    )
    where = next((new.places[field] for field in fields if field in new.places), new.location)
    severity = Severity.WARNING if asleep else Severity.ERROR
    yield Finding("FB303", severity, message, where, (Related(old.location, "at the base"),))


# --- which one is which ------------------------------------------------------------------------


def _pairs(
    before: list[_Release], after: list[_Release]
) -> Iterator[tuple[_Release, _Release | None]]:
    """Pair each HelmRelease of the base with the same one now; None if it is gone.

    A repository may hold HelmReleases of one name for several clusters. The first choice is one in
    the same file, then one with the same target, then any of the same name.
    """
    free = list(after)
    rest = list(before)
    for likely in (_same_file, _same_target, _same_object):
        left = []
        for old in rest:
            new = next(
                (release for release in free if old.same_object(release) and likely(old, release)),
                None,
            )
            if new is None:
                left.append(old)
            else:
                free.remove(new)
                yield old, new
        rest = left
    for old in rest:
        yield old, None


def _same_file(old: _Release, new: _Release) -> bool:
    return old.location.path == new.location.path


def _same_target(old: _Release, new: _Release) -> bool:
    return not old.changed(new)


def _same_object(_: _Release, __: _Release) -> bool:
    return True


# --- what there is -----------------------------------------------------------------------------


def _owned(inventory: Inventory) -> list[_Release]:
    return [
        _read(owner.document, owner.manifest, owner.pin.track.name)
        for owner in owners(inventory)
        if owner.manifest is not None
    ]


def _all_stayed(before: list[_Release], after: list[_Release]) -> bool:
    """Whether each is still in its file, so that other HelmReleases need not be read."""
    there = Counter((release.location.path, release.name, release.namespace) for release in after)
    there.subtract((release.location.path, release.name, release.namespace) for release in before)
    return min(there.values()) >= 0


def _all(evidence: Evidence, owned: list[_Release], names: Collection[str]) -> list[_Release]:
    """Return the HelmReleases that own Flux, and those called `names`, whatever they install.

    A patch names no chart, so it is not among them.
    """
    found = list(owned)
    known = {release.location for release in found}
    called = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b")
    objects = optional(evidence.objects)
    for path, text in {**(objects.files if objects else {}), **evidence.inventory.files}.items():
        if "HelmRelease" not in text or not called.search(text):
            continue
        for document, node in TextFile(path, text).objects({"HelmRelease"}, called.search):
            spec = yaml.get(node, "spec")
            installs = yaml.get(spec, "chart") or yaml.get(spec, "chartRef")
            if installs is not None and document.at(node) not in known:
                found.append(_read(document, node, _chart(node)))
    return found


def _chart(node: Node) -> str:
    named = yaml.text_of(node, "spec", "chart", "spec", "chart") or ""
    return named.rstrip("/").rpartition("/")[2]


def _read(document: Document, node: Node, chart: str) -> _Release:
    metadata, spec = yaml.get(node, "metadata"), yaml.get(node, "spec")
    name = yaml.text_of(metadata, "name") or ""
    namespace = yaml.text_of(metadata, "namespace") or ""
    into = yaml.text_of(spec, "targetNamespace")
    released = yaml.text_of(spec, "releaseName")
    target = {
        "releaseName": released or (f"{into}-{name}" if into else name),
        "targetNamespace": into or namespace,
        "storageNamespace": yaml.text_of(spec, "storageNamespace") or namespace,
        "chart": chart,
    }
    nodes = {field: yaml.get(spec, field) for field in _FIELDS}
    nodes["chart"] = yaml.get(spec, "chart", "spec", "chart")
    return _Release(
        name,
        namespace,
        yaml.text_of(spec, "suspend") in TRUE,
        {key: value for key, value in target.items() if value and "$" not in value},
        document.at(node),
        {key: document.at(child) for key, child in nodes.items() if child is not None},
    )


RULES = (
    Rule(
        "FB303",
        "release-identity",
        Severity.ERROR,
        "The HelmRelease that owns the Flux controllers stays, and names the same Helm release.",
        identity,
        danger=Danger.UNINSTALLS,
        broken="helm-controller would uninstall Flux",
    ),
)
