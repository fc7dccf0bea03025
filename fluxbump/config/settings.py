"""What a team can set, as values. `config.file` reads them from fluxbump.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from fluxbump.discover.inventory import SETTINGS_FILE, Scope
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.pins.kind import COMMUNITY_REPOSITORIES, CustomPin, ProgramSource
from fluxbump.errors import ConfigError
from fluxbump.text.versions import Level

if TYPE_CHECKING:
    from fluxbump.config.schedule import Window

FILE = SETTINGS_FILE
DEFAULT_INDEX = "https://fluxcd-community.github.io/helm-charts"
DEFAULT_RELEASES = "https://github.com/fluxcd/flux2/releases/download"
RELEASE_NOTES = "https://api.github.com/repos/fluxcd/flux2/releases/tags"
DEFAULT_BRANCH = "fluxbump/flux-{release}"

PLACEHOLDERS = ("release", "old_release", "chart_version", "old_chart_version")
PLACEHOLDER = re.compile(r"\{(\w*)\}")


class Ignore(Struct, frozen=True):
    """Findings that the team accepts.

    Attributes:
        code: of the rule.
        path: glob over paths.
        reason: why.
        line: of fluxbump.yaml, where it is said.
    """

    code: str
    path: str
    reason: str
    line: int = 1


Follow = Literal["patch", "minor", "latest-safe"]
"""How far a proposal may go: within the minor, within the major, or as far as is safe."""

Refresh = Literal["base", "content"]
"""What brings an open pull request up to date: a new base, or only new content."""


class Policy(Struct, frozen=True):
    """What the scheduled job may propose, and how.

    Attributes:
        range: constraint over releases that may be proposed; None for all.
        follow: how far a proposal may go from the release that is installed.
        min_age_days: days since the chart was published.
        ignore: releases, or constraints over them, that are never proposed.
        schedule: when something may be proposed; empty for always.
        timezone: of the schedule, a name of the IANA database.
        max_open: pull requests that may be open at once, at least 1.
        labels: to set on a new pull request.
        assignees: of a new pull request, names as the forge has them.
        reviewers: to ask for a review, likewise.
        draft_on_warnings: warnings of the gate make a draft.
        auto_merge: the forge merges a pull request when its checks have passed.
        refresh: what brings an open pull request up to date.
    """

    range: str | None = None
    follow: Follow = "latest-safe"
    min_age_days: int = 0
    ignore: tuple[str, ...] = ()
    schedule: tuple[Window, ...] = ()
    timezone: str = "UTC"
    max_open: int = 3
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    draft_on_warnings: bool = True
    auto_merge: bool = False
    refresh: Refresh = "base"


NO_POLICY = Policy()
"""What holds when nothing is said."""


class Settings(Struct, frozen=True):
    """What a team can set; the defaults are what holds without a fluxbump.yaml.

    Attributes:
        exclude: globs over paths that are no candidates; `*` also matches `/`.
        leave_excluded: globs over excluded paths whose pins are meant to stay behind.
        pins: pins that no kind finds by itself.
        repositories: mirrors of the community's chart repository.
        index: where chart releases come from: https or oci URL, file or directory.
        releases: where the manifests of Flux releases come from: URL or directory.
        branch: template of the branch's name.
        commit: template of the commit message; None for the usual one.
        bump: how the versions of the repository's own charts are raised; `none` for not at all.
        ignore: findings that are accepted.
        allowed_groups: API groups that a fresh cluster has.
        mentions: whether mapping rows in comments and documents move.
        policy: what the scheduled job may propose.
        forge: which forge it is; None when the remote says so.
        forge_url: where the forge is; None when the remote says so.
        release_notes: where notes of releases come from; None for none.
        base_branch: that is proposed to; None for the remote's default branch.
        kubernetes: the version that runs, whatever is found; None when that is to count.
        program_source: what exact URLs and calls of helm in the source code of a program are.
    """

    exclude: tuple[str, ...] = ()
    leave_excluded: tuple[str, ...] = ()
    pins: tuple[CustomPin, ...] = ()
    repositories: tuple[str, ...] = ()
    index: str = DEFAULT_INDEX
    releases: str = DEFAULT_RELEASES
    branch: str = DEFAULT_BRANCH
    commit: str | None = None
    bump: Level = "patch"
    ignore: tuple[Ignore, ...] = ()
    allowed_groups: tuple[str, ...] = ()
    mentions: bool = True
    policy: Policy = NO_POLICY
    forge: str | None = None
    forge_url: str | None = None
    base_branch: str | None = None
    release_notes: str | None = RELEASE_NOTES
    kubernetes: KubernetesPin | None = None
    program_source: ProgramSource = "pins"

    def scope(
        self, app_versions: Mapping[str, str] | None = None, also: tuple[str, ...] = ()
    ) -> Scope:
        """Return what the search needs to know; see `Scope` for the arguments."""
        return Scope(
            exclude=self.exclude,
            leave_excluded=self.leave_excluded,
            custom=self.pins,
            repositories=(*COMMUNITY_REPOSITORIES, *self.repositories),
            app_versions=app_versions,
            also=also,
            program_source=self.program_source,
        )


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders of a template."""
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def branch_prefix(template: str) -> str:
    """Return what the names of all branches that a template makes begin with.

    Raises:
        ConfigError: nothing; then a scheduled run could not tell its branches from others.
    """
    prefix = template.partition("{")[0]
    if not prefix:
        raise ConfigError(
            f"branch: {template!r} begins with a placeholder, so a run cannot tell its branches",
            where=FILE,
            hint=f"begin with a word of its own, as in {DEFAULT_BRANCH}",
        )
    return prefix
