"""What a team can set, as values. `config` reads them from fluxbump.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fluxbump.discover import SETTINGS_FILE, Scope
from fluxbump.pins.kind import COMMUNITY_REPOSITORIES, CustomPin
from fluxbump.versions import Level

FILE = SETTINGS_FILE
DEFAULT_INDEX = "https://fluxcd-community.github.io/helm-charts"
DEFAULT_BRANCH = "fluxbump/flux-{release}"

PLACEHOLDERS = ("release", "old_release", "chart_version", "old_chart_version")
PLACEHOLDER = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Ignore:
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


@dataclass(frozen=True, slots=True)
class Settings:
    """What a team can set; the defaults are what holds without a fluxbump.yaml.

    Attributes:
        exclude: globs over paths that are no candidates; `*` also matches `/`.
        pins: pins that no kind finds by itself.
        repositories: mirrors of the community's chart repository.
        index: where chart releases come from: URL, file or directory.
        branch: template of the branch's name.
        commit: template of the commit message; None for the usual one.
        bump: how the versions of the repository's own charts are raised.
        ignore: findings that are accepted.
        allowed_groups: API groups that a fresh cluster has.
        mentions: whether mapping rows in comments and documents move.
    """

    exclude: tuple[str, ...] = ()
    pins: tuple[CustomPin, ...] = ()
    repositories: tuple[str, ...] = ()
    index: str = DEFAULT_INDEX
    branch: str = DEFAULT_BRANCH
    commit: str | None = None
    bump: Level = "patch"
    ignore: tuple[Ignore, ...] = ()
    allowed_groups: tuple[str, ...] = ()
    mentions: bool = True

    def scope(
        self, app_versions: Mapping[str, str] | None = None, also: tuple[str, ...] = ()
    ) -> Scope:
        """Return what the search needs to know; see `Scope` for the arguments."""
        return Scope(
            exclude=self.exclude,
            custom=self.pins,
            repositories=(*COMMUNITY_REPOSITORIES, *self.repositories),
            app_versions=app_versions,
            also=also,
        )


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders of a template."""
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)
