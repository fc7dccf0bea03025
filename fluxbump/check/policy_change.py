"""Decides which configuration applies to a change, and lists what the change newly accepts. Pure.

A change that could turn off the gate in its own files would pass any gate. So the configuration of
the base applies, and from the change's own configuration only what makes the check stricter. A
comment that accepts a finding counts at once, because it is beside what it accepts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check import suppressions
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import optional
from fluxbump.check.verdict import NewSuppression, Suppression
from fluxbump.config.settings import FILE, Ignore, Settings
from fluxbump.model import Inventory, Location
from fluxbump.text.patterns import lazy_pattern

_DIGITS = lazy_pattern(r"\d+")


class PolicyChange(Struct, frozen=True):
    """The configuration before and after a change.

    Attributes:
        before: the configuration at the base.
        after: the configuration after the change.
        applied: True if the new parts of `after` already count in this verdict.
    """

    before: Settings
    after: Settings
    applied: bool


def held_to(before: Settings, after: Settings) -> Settings:
    """Return the configuration that applies to a change: the base's, without what it drops."""
    known = {(ignore.code, ignore.path) for ignore in before.ignore}
    return replace(
        before,
        ignore=tuple(ignore for ignore in after.ignore if (ignore.code, ignore.path) in known),
        exclude=_both(before.exclude, after.exclude),
        leave_excluded=_both(before.leave_excluded, after.leave_excluded),
        search_archives=before.search_archives or after.search_archives,
    )


def _both(before: Iterable[str], after: Collection[str]) -> tuple[str, ...]:
    return tuple(glob for glob in before if glob in after)


def added(
    evidence: Evidence, change: PolicyChange, configuration: str
) -> tuple[NewSuppression, ...]:
    """Return what a change newly accepts or excludes: in its configuration first, then in comments.

    Args:
        evidence: the evidence about the changed files, with the base as its baseline.
        change: the configuration before and after.
        configuration: the text of the new fluxbump.yaml, to find lines in it.
    """
    return (*_configured(change, configuration), *_commented(evidence))


def _configured(change: PolicyChange, text: str) -> Iterator[NewSuppression]:
    known = {(ignore.code, ignore.path) for ignore in change.before.ignore}
    for ignore in change.after.ignore:
        if (ignore.code, ignore.path) not in known:
            yield _ignored(ignore, applied=change.applied)
    for key in ("exclude", "leave_excluded"):
        old: Collection[str] = getattr(change.before, key)
        new: Collection[str] = getattr(change.after, key)
        for glob in new:
            if glob not in old:
                where = Location(FILE, _line_of(glob, text))
                yield NewSuppression(where, None, f"{key}: {glob}", "", change.applied)


def _ignored(ignore: Ignore, *, applied: bool) -> NewSuppression:
    said = f"ignore: {ignore.code} in {ignore.path}"
    return NewSuppression(Location(FILE, ignore.line), ignore.code, said, ignore.reason, applied)


def _line_of(glob: str, text: str) -> int:
    """Return the number of the line that names a glob; 1 if the file spells it in another way."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if glob in line.partition("#")[0]), 1)


def _commented(evidence: Evidence) -> Iterator[NewSuppression]:
    baseline = optional(evidence.baseline)
    if baseline is None:
        return
    before, after = _texts(baseline.inventory), _texts(evidence.inventory)
    known = Counter(
        _identity(suppression, before) for suppression in suppressions.commented(before)
    )
    for suppression in suppressions.commented(after):
        identity = _identity(suppression, after)
        if known[identity]:
            known[identity] -= 1
        elif not suppression.example:
            said = f"comment: {suppression.code} on this line"
            yield NewSuppression(
                suppression.location, suppression.code, said, suppression.reason, applied=True
            )


def _texts(inventory: Inventory) -> Mapping[str, str]:
    return {**inventory.files, **inventory.others}


def _identity(suppression: Suppression, texts: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Return what identifies a comment: what it accepts, and its line without digits.

    So a comment is not new if only the version on its line changed.
    """
    line = texts[suppression.path].splitlines()[suppression.location.line - 1].strip()
    return suppression.code, suppression.path, suppression.reason, _DIGITS.sub("0", line)
