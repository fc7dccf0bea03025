"""For programs: judge a repository, and move its pins, without the command line.

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
    """Judge whether the pins of a repository agree; what `fluxbump check --no-render` does.

    Args:
        repository: a path in it.
        rev: a branch, tag or commit; None for the working tree.
        base: compare with the merge base of this revision and what is judged.
        index: the chart index, a URL or a path; None for the configured one.
        releases: where the manifests of Flux releases are, likewise.
        offline: use what is cached only.
        select: codes or prefixes of the rules to run; empty for all.
        ignore: codes or prefixes of rules to leave out.

    Raises:
        FluxbumpError: there is nothing to judge, or it cannot be read; see `fluxbump.errors`.
            An index that is not available is no error: the rules that need it say `not run`.
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
    """Look where every pin of a repository is and what it holds; what `fluxbump status` does.

    Args:
        repository: a path in it.
        rev: a branch, tag or commit.
        index: the chart index, a URL or a path; None for the configured one.
        offline: use the cached index only.

    Raises:
        FluxbumpError: it cannot be read; see `fluxbump.errors`.
    """
    options = SourceOptions(index, offline=offline)
    with open_session(Path(repository), at(rev), options) as session:
        return survey(session)


class Bumped(Struct, frozen=True):
    """What became of a bump.

    Attributes:
        release: the Flux release that it leads to.
        changes: each pin that moves, with the version that it will hold.
        refusals: the errors that stop it; empty when it passed.
        verdict: all that the rules say of the result.
        patch: what `git apply` takes, from the commit that was read; empty if nothing changes.
        branch: the branch that holds the result, or would.
        commit: that branch's tip; None if it was not made: refused, a dry run, nothing to do.
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
        """Whether nothing stops it."""
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
    """Move every pin to a release, in one commit on a new branch; what `fluxbump to` does.

    The working tree, the index and the current branch stay as they are. A bump that the rules
    refuse is no exception: it makes no branch, and `refusals` says why.

    Args:
        version: a Flux release (`2.5.1`), a line (`2.5`), `latest`, or `latest-safe`.
        repository: a path in it.
        rev: the branch, tag or commit to start from.
        index: the chart index, a URL or a path; None for the configured one.
        releases: where the manifests of Flux releases are, likewise.
        offline: use what is cached only.
        dry_run: compute everything, and make no branch.
        accept_risk: codes of rules whose errors do not stop it.

    Raises:
        FluxbumpError: there is nothing to move, the release has no chart, the branch is there
            already with something else, or something cannot be read; see `fluxbump.errors`.
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
