"""The rule that digests match the files that are downloaded beside them (FB121)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fluxbump.check.rules.rule import (
    Evidence,
    Finding,
    NotRun,
    Outcome,
    Related,
    Rule,
    Severity,
    Trait,
    needed,
)
from fluxbump.discover.digests import published
from fluxbump.model import Pin

_CODE = "FB121"
_NIX = ".nix"


def download_digests(evidence: Evidence) -> Iterator[Outcome]:
    """Check that every digest belongs to the version in the same file (FB121)."""
    known = needed(evidence.digests)
    for pin, name in published.pins(evidence.inventory):
        holders = published.holders(evidence.inventory, pin, name)
        keys = {(name, holder.value) for holder in holders}
        expected = {known.digests.get(key, {}).get(pin.track) for key in keys}
        if pin.value in expected:
            continue
        silent = [key for key in sorted(keys) if pin.track not in known.digests.get(key, {})]
        if silent or not keys:
            yield NotRun(_CODE, _why(silent, known.unknown))
        else:
            yield _finding(pin, name, holders)


def _why(silent: Sequence[tuple[str, str]], unknown: Mapping[published.Key, str]) -> str:
    """Return why it is not known what a digest must be."""
    if not silent:
        return "a digest of a file of Flux has no version beside it"
    name, version = silent[0]
    told = unknown.get((name, version), "what is published has no such digest")
    return f"not known which digest {name} of {version} has: {told}"


def _finding(pin: Pin, name: str, holders: Sequence[Pin]) -> Finding:
    versions = " or ".join(dict.fromkeys(holder.value for holder in holders))
    gist = f"the {pin.subject} is not the one of {versions}, which is in the same file"
    severity = Severity.ERROR
    if name != published.MANIFEST and pin.location.path.endswith(_NIX):
        severity = Severity.NOTE
        gist = f"{gist}. A hash of the unpacked files differs"
    related = tuple(
        Related(holder.location, f"{holder.subject} holds {holder.value}") for holder in holders
    )
    return Finding(_CODE, severity, gist, pin.location, related, gist=gist)


RULES = (
    Rule(
        _CODE,
        "download-digest",
        Severity.ERROR,
        "Every digest of a file of Flux is that of the version in the same file.",
        download_digests,
        needs=("digests",),
        traits=frozenset({Trait.LISTED}),
        broken="digests are not those of the files that are downloaded",
    ),
)
