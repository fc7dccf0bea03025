"""For programs: judge a repository without the command line.

    from fluxbump import check

    verdict = check("path/to/repository", index="path/to/index.yaml")
    for finding in verdict.errors:
        report(finding.location, finding.code, finding.message)

The names that `fluxbump` exports, and the values they return, change only with the major version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fluxbump.check import check as journey
from fluxbump.check import gate
from fluxbump.check.evidence import NO_BASE, Absent
from fluxbump.check.status import Survey, survey
from fluxbump.check.verdict import Verdict
from fluxbump.config.source_options import SourceOptions
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
        rev: a branch, tag or commit; None for the work tree.
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
        means = journey.means_of(session)
        examined = journey.look(session, base=compare, codes=codes, means=means)
        return journey.judge(examined, codes)


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


__all__ = ["Finding", "Location", "Related", "Severity", "Survey", "Verdict", "check", "status"]
