"""Decides which configuration and which baseline entries apply to a checked change.

A change that could set aside the gate in its own files would pass any gate. So the configuration
of the base applies, as `check/policy_change` describes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.check.policy_change import PolicyChange, added, held_to
from fluxbump.cli.comparison_base import base_of, is_missing
from fluxbump.cli.options import ConfigFrom
from fluxbump.config.settings import FILE
from fluxbump.errors import ConfigError, UsageError
from fluxbump.forges import ci_variables
from fluxbump.text.live_code import decode
from fluxbump.workspace import settings_of

if TYPE_CHECKING:
    from fluxbump.check.evidence import Evidence
    from fluxbump.check.verdict import BaselineEntry, Verdict
    from fluxbump.cli.console import Console
    from fluxbump.git.objects import CommitSnapshot
    from fluxbump.model import Snapshot
    from fluxbump.workspace import Session

_NO_BASE = (
    "the clone lacks the base that the CI names (fetch the full history, or use --config-from head)"
)


# --- whose configuration judges ---------------------------------------------------------------


def configured_by_default(named: str | None, environ: Mapping[str, str]) -> ConfigFrom:
    """Return whose configuration applies by default: the base's if the user or the CI names it."""
    told = named is not None or any(ci_variables.revisions_to_compare_with(environ))
    return ConfigFrom.BASE if told else ConfigFrom.HEAD


class PolicyBase(Struct, frozen=True):
    """The base that decides what a change can set aside.

    Attributes:
        snapshot: the base. None if there is none.
        source: whose configuration applies.
        is_missing: whether the CI names a base that the clone does not have.
    """

    snapshot: CommitSnapshot | None
    source: ConfigFrom
    is_missing: bool

    @property
    def is_unknown(self) -> bool:
        """Whether the configuration of the base applies, and the clone does not have that base."""
        return self.is_missing and self.source is ConfigFrom.BASE


def change_of(
    session: Session[Snapshot], base: PolicyBase, console: Console
) -> PolicyChange | None:
    """Compare the configuration with that of the base. None if the base has none to read.

    A broken configuration of the base does not apply, because otherwise no change could repair it.
    """
    if base.is_unknown:
        return _without_base(session, console)
    if base.snapshot is None:
        return None
    try:
        before = settings_of(base.snapshot)
    except ConfigError as error:
        console.line(f"fluxbump: {FILE} of the base is not used: {error.message}")
        return None
    applied = base.source is ConfigFrom.HEAD
    if not applied and before != session.settings:
        console.note(
            f"{FILE} is that of the {base.snapshot.name} (--config-from head uses the changed one)"
        )
    return PolicyChange(before, session.settings, applied)


def _without_base(session: Session[Snapshot], console: Console) -> PolicyChange | None:
    """Return the change of a configuration whose base is missing: no exception in it counts.

    The change may have added the exceptions, and a shallow clone must not switch off the gate.
    """
    settings = session.settings
    strict = replace(settings, ignore=(), exclude=(), leave_excluded=())
    if settings == strict:
        return None
    console.line(f"fluxbump: no ignore or exclude entry of {FILE} counts: {_NO_BASE}")
    return PolicyChange(strict, settings, applied=False)


def held(session: Session[Snapshot], change: PolicyChange | None) -> Session[Snapshot]:
    """Return the session with the configuration that applies."""
    if change is None or change.applied:
        return session
    return replace(session, settings=held_to(change.before, change.after))


def listed(
    verdict: Verdict, evidence: Evidence, session: Session[Snapshot], change: PolicyChange | None
) -> Verdict:
    """Return the verdict with the suppressions and exclusions that the change adds."""
    if change is None:
        return verdict
    try:
        text = decode(session.snapshot.read(FILE))
    except KeyError:
        text = ""
    return replace(verdict, new_suppressions=added(evidence, change, text))


# --- the baseline file ------------------------------------------------------------------------


class MergedEntries(Struct, frozen=True):
    """The entries of the baseline file at the base of a change.

    Attributes:
        entries: the entries at the base. Empty if the base has no such file.
        counts: whether only these entries accept findings, if the change keeps them.
    """

    entries: tuple[BaselineEntry, ...]
    counts: bool


def merged_entries(
    session: Session[Snapshot], base: PolicyBase, file: Path | None, console: Console
) -> MergedEntries | None:
    """Read a baseline file at the base.

    None if there is no base, or if the file is outside of the repository.
    """
    from fluxbump.check import baseline_file

    path = _path_inside(session.root, file)
    if path is None:
        return None
    if base.is_unknown:
        console.line(f"fluxbump: no entry of {path} counts: {_NO_BASE}")
        return MergedEntries((), counts=True)
    if base.snapshot is None:
        return None
    try:
        entries = baseline_file.parse(base.snapshot.read(path), path)
    except KeyError:
        entries = ()
    except UsageError as error:
        console.line(f"fluxbump: {path} of the base is not used: {error.message}")
        return None
    return MergedEntries(entries, counts=base.source is ConfigFrom.BASE)


def _path_inside(root: Path | None, file: Path | None) -> str | None:
    """Return the path of a file in the repository as git has it. None for a file outside of it.

    A link in the repository is part of the change, so its own path counts, and not its target.
    """
    if root is None or file is None:
        return None
    named = Path(os.path.normpath(Path.cwd() / file))
    try:
        led = named.parent.resolve() / named.name  # a directory above the repository may be a link
    except (OSError, RuntimeError):
        led = named
    inside = (place for place in (named, led) if place.is_relative_to(root))
    return next((place.relative_to(root).as_posix() for place in inside), None)


# --- all of it --------------------------------------------------------------------------------


class Comparison(Struct, frozen=True):
    """The base of a check, and the configuration that applies.

    Attributes:
        session: the checked snapshot, with the configuration that applies.
        base: the merge base. None if there is nothing to compare with.
        change: the change of the configuration. None if the base has none to read.
        merged: the baseline entries at the base. None if the file is not compared with a base.
    """

    session: Session[Snapshot]
    base: CommitSnapshot | None
    change: PolicyChange | None
    merged: MergedEntries | None


class BaseOptions(Struct, frozen=True):
    """The user's options about the base.

    Attributes:
        named: the revision of `--base`. None takes it from the CI or the remote.
        without: whether the check compares with nothing.
        config_from: whose configuration applies. None takes the default.
        baseline: the baseline file. None if there is none.
    """

    named: str | None
    without: bool
    config_from: ConfigFrom | None
    baseline: Path | None


def compare(session: Session[Snapshot], asked: BaseOptions, console: Console) -> Comparison:
    """Find the base of a check, and the configuration that applies.

    Raises:
        RepositoryError: the revision of `--base` does not exist, or has no common history.
        UsageError: `--config-from base` is given, and there is no base.
    """
    named, environ = asked.named, os.environ
    base = None if asked.without else base_of(session, named, environ, console)
    if base is None and asked.config_from is ConfigFrom.BASE:
        raise UsageError(
            "--config-from base needs a base to read the configuration from",
            hint="use --base origin/main",
        )
    source = asked.config_from or configured_by_default(named, environ)
    judging = PolicyBase(base, source, not asked.without and is_missing(named, base, environ))
    change = change_of(session, judging, console)
    merged = merged_entries(session, judging, asked.baseline, console)
    return Comparison(held(session, change), base, change, merged)
