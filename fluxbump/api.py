"""The interface for programs: check a repository, and move its pins, without the command line.

    from fluxbump import check

    verdict = check("path/to/repository", index="path/to/index.yaml")
    for finding in verdict.errors:
        report(finding.location, finding.code, finding.message)

The names that `fluxbump` exports, and the values they return, change only with the major version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from fluxbump.bump import bump as bumps
from fluxbump.bump.changes import Change
from fluxbump.bump.deliver import deliver
from fluxbump.bump.planning.plan import Options
from fluxbump.bump.prepared_bump import Request
from fluxbump.check import check as checks
from fluxbump.check import gate, rules
from fluxbump.check.evidence_parts import NO_BASE, Absent
from fluxbump.check.repository_state import read_state
from fluxbump.check.status import Survey, survey
from fluxbump.check.verdict import Verdict
from fluxbump.config.source_options import SourceOptions
from fluxbump.errors import UsageError
from fluxbump.git.repository import Repository
from fluxbump.model import Finding, Location, Related, Severity, Snapshot
from fluxbump.workspace import at, open_session


def check(
    repository: str | Path = ".",
    *,
    rev: str | None = None,
    base: str | None = None,
    index: str | None = None,
    releases: str | None = None,
    offline: bool = False,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Verdict:
    """Check whether the pins of a repository agree, as `fluxbump check --no-render` does.

    Args:
        repository: a path in the repository.
        rev: the branch, tag or commit to check; None for the working tree.
        base: a revision. The check compares with the merge base of it and of what is checked; None
            to compare with nothing.
        index: the URL or path of the chart index; None for the configured one.
        releases: the URL or path of the manifests of Flux releases; None for the configured one.
        offline: True to use the cache, and no network.
        select: codes or prefixes of the rules to run; empty for all.
        ignore: codes or prefixes of rules to leave out.

    Raises:
        FluxbumpError: the repository has nothing to check, or cannot be read (`fluxbump.errors`).
            An index that is not available is no error: the rules that need it are in `not_run` of
            the verdict.
    """
    codes = gate.select(select, ignore)
    options = SourceOptions(index, releases, offline)
    take: Callable[[Repository], Snapshot] = Repository.worktree if rev is None else at(rev)
    with open_session(Path(repository), take, options) as session:
        compare: Snapshot | Absent = NO_BASE
        if base is not None:
            ours = session.repository
            compare = ours.snapshot(ours.merge_base(base, rev or "HEAD"), base)
        means = checks.means_of(session)
        examined = checks.examine_session(session, base=compare, codes=codes, means=means)
        return checks.judge(examined, codes)


def status(
    repository: str | Path = ".",
    *,
    rev: str = "HEAD",
    index: str | None = None,
    offline: bool = False,
) -> Survey:
    """Return where every pin of a repository is and what it holds, as `fluxbump status` does.

    Args:
        repository: a path in the repository.
        rev: the branch, tag or commit to read.
        index: the URL or path of the chart index; None for the configured one.
        offline: True to use the cached index, and no network.

    Raises:
        FluxbumpError: the repository cannot be read, or pins nothing (`fluxbump.errors`).
    """
    options = SourceOptions(index, offline=offline)
    with open_session(Path(repository), at(rev), options) as session:
        return survey(session)


class Bumped(Struct, frozen=True):
    """The result of a bump.

    Attributes:
        release: the Flux release that the bump leads to.
        changes: each pin that moves, with the version that it will hold.
        refusals: the errors that stop the bump; empty if it passed.
        verdict: the verdict of the rules on the result.
        patch: the changes to the commit that was read, as `git apply` takes them; empty if there
            are none.
        branch: the name of the branch for the result, whether or not it was made.
        commit: the tip of that branch. None if no branch was made, because the bump was refused,
            was a dry run, or had nothing to do.
    """

    release: str
    changes: tuple[Change, ...]
    refusals: tuple[Finding, ...]
    verdict: Verdict
    patch: bytes
    branch: str
    commit: str | None

    @property
    def passed(self) -> bool:
        """Whether no rule stops the bump."""
        return not self.refusals


def bump(
    version: str,
    repository: str | Path = ".",
    *,
    rev: str = "HEAD",
    index: str | None = None,
    releases: str | None = None,
    offline: bool = False,
    dry_run: bool = False,
    accept_risk: Sequence[str] = (),
) -> Bumped:
    """Move every pin to a release, in one commit on a new branch, as `fluxbump to` does.

    The working tree, the index and the current branch stay as they are. A bump that the rules
    refuse is no exception: it makes no branch, and `refusals` says why.

    Args:
        version: a Flux release (`2.5.1`), a line (`2.5`), `latest`, or `latest-safe`.
        repository: a path in the repository.
        rev: the branch, tag or commit to start from.
        index: the URL or path of the chart index; None for the configured one.
        releases: the URL or path of the manifests of Flux releases; None for the configured one.
        offline: True to use the cache, and no network.
        dry_run: True to compute everything, and make no branch.
        accept_risk: codes of rules whose errors do not stop the bump.

    Raises:
        FluxbumpError: there is nothing to move, the release has no chart, the branch exists with
            other content, or something cannot be read (`fluxbump.errors`).
    """
    accepted = _accepted(accept_risk)
    options = SourceOptions(index, releases, offline)
    with open_session(Path(repository), at(rev), options) as session:
        settings = session.settings
        request = Request(
            target=version,
            options=Options(level=settings.bump),
            mentions=settings.mentions,
            accepted=accepted,
        )
        state = read_state(session)
        prepared = bumps.prepare(session, state, request)
        made = None
        if prepared.passed and not prepared.empty and not dry_run:
            made = deliver(session.repository, prepared)
        return Bumped(
            str(prepared.plan.release),
            prepared.plan.changes,
            prepared.refusals,
            prepared.verdict,
            prepared.built.patch,
            prepared.branch,
            made.commit if made else None,
        )


def _accepted(codes: Sequence[str]) -> frozenset[str]:
    refusing = [code for code, rule in rules.RULES.items() if rule.broken]
    for code in codes:
        if code not in refusing:
            raise UsageError(
                f"no rule {code} refuses a bump", hint=f"those that do: {', '.join(refusing)}"
            )
    return frozenset(codes)


__all__ = [
    "Bumped",
    "Finding",
    "Location",
    "Related",
    "Severity",
    "Survey",
    "Verdict",
    "bump",
    "check",
    "status",
]
