"""The settings of a team, each with its type, default and description in the JSON Schema.

`config.file` reads them from `fluxbump.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.pins.kind import (
    COMMUNITY_REPOSITORIES,
    SETTINGS_FILE,
    CustomPin,
    ProgramSource,
)
from fluxbump.discover.scope import Scope
from fluxbump.errors import ConfigError
from fluxbump.text.next_version import Level
from fluxbump.text.patterns import lazy_pattern

FILE = SETTINGS_FILE
DEFAULT_INDEX = "https://fluxcd-community.github.io/helm-charts"
DEFAULT_RELEASES = "https://github.com/fluxcd/flux2/releases/download"
RELEASE_NOTES = "https://api.github.com/repos/fluxcd/flux2/releases/tags"
DEFAULT_FLUX_REPOSITORY = "https://github.com/fluxcd/flux2"
DEFAULT_OPERATOR_CHART = "oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator"
DEFAULT_BRANCH = "fluxbump/flux-{release}"

ALLOW_HOSTS = "FLUXBUMP_ALLOW_HOSTS"
"""The environment variable with the servers that fluxbump.yaml may name, separated by commas.

If it is set but empty, only the default servers and the repository's own server are allowed. If it
is unset, any server is allowed.
"""

PLACEHOLDERS = ("release", "old_release", "chart_version", "old_chart_version")
PLACEHOLDER = lazy_pattern(r"\{(\w*)\}")

_MAX_AGE = 3650
_MAX_OPEN = 100

# `(?![\s\S])` is the end of a text; `$` would allow a line break behind it.
Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+(?![\s\S])")]
ForgeName = Annotated[str, Meta(pattern=r"^[a-z][a-z-]*(?![\s\S])")]


class Ignore(Struct, frozen=True):
    """Findings that the team accepts.

    Attributes:
        code: the code of the rule.
        path: the glob over the paths of the files with such findings.
        reason: why the team accepts them.
        line: the line of fluxbump.yaml that says so.
    """

    code: str
    path: str
    reason: str
    line: int = 1


Follow = Literal["patch", "minor", "latest-safe"]
"""How far a pull request may go: within the minor, within the major, or as far as is safe."""

RebaseWhen = Literal["behind", "conflicted", "never"]
"""When fluxbump rebuilds the branch of an open pull request on a newer base."""


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """The pull requests of `fluxbump run`. Every key is optional."""

    range: Annotated[
        Text | None, Meta(description="Releases to open pull requests for: `>=2.4 <2.8`.")
    ] = None
    follow: Annotated[
        Follow, Meta(description="How far from the installed release a pull request may go.")
    ] = "latest-safe"
    min_age_days: Annotated[
        int, Meta(ge=0, le=_MAX_AGE, description="Days since the chart was published.")
    ] = 0
    ignore: Annotated[
        tuple[Text, ...],
        Meta(description="Releases, or ranges of them, without pull requests."),
    ] = ()
    schedule: Annotated[
        tuple[str, ...],
        Meta(description="When to open pull requests: `mon-fri 08:00-17:00`. Empty for always."),
    ] = ()
    timezone: Annotated[str, Meta(description="Of the schedule: a name of the IANA database.")] = (
        "UTC"
    )
    max_open: Annotated[
        int, Meta(ge=1, le=_MAX_OPEN, description="Pull requests that may be open at once.")
    ] = 3
    labels: Annotated[tuple[Name, ...], Meta(description="To set on a new pull request.")] = ()
    assignees: Annotated[tuple[Name, ...], Meta(description="Of a new pull request.")] = ()
    reviewers: Annotated[tuple[Name, ...], Meta(description="To ask for a review.")] = ()
    draft_on_warnings: Annotated[
        bool, Meta(description="Whether warnings of the gate make a draft.")
    ] = True
    auto_merge: Annotated[
        bool, Meta(description="Whether the forge merges it when its checks have passed.")
    ] = False
    rebase_when: Annotated[
        RebaseWhen,
        Meta(description="When to rebuild the branch of an open pull request on a new base."),
    ] = "behind"
    dashboard: Annotated[
        bool,
        Meta(description="Whether an issue of the repository says what is open and blocked."),
    ] = False
    commit_status: Annotated[
        bool,
        Meta(description="Whether the head of a pull request gets a commit status."),
    ] = False
    forge: Annotated[
        ForgeName | None,
        Meta(description="The kind of forge. If unset, the host of the remote decides."),
    ] = None
    forge_url: Annotated[
        str | None, Meta(description="The URL of the forge, if the remote does not tell it.")
    ] = None
    release_notes: Annotated[
        str | None,
        Meta(
            description="Where `/vX.Y.Z` gives a release's notes, as GitHub does, "
            "or null for no notes."
        ),
    ] = RELEASE_NOTES
    base_branch: Annotated[
        Name | None,
        Meta(description="The base branch of pull requests. The remote's default branch if unset."),
    ] = None


NO_POLICY = Policy()
"""The defaults, which apply without a mapping `run`."""


class Plain(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings that are values as they stand in `fluxbump.yaml`."""

    exclude: Annotated[
        tuple[str, ...],
        Meta(description="Globs over paths not searched for pins. `*` also matches `/`."),
    ] = ()
    leave_excluded: Annotated[
        tuple[str, ...],
        Meta(description="Globs over excluded paths whose pins are meant to stay behind."),
    ] = ()
    search_archives: Annotated[
        bool, Meta(description="Whether folders called archive and the like are searched too.")
    ] = False
    repositories: Annotated[
        tuple[str, ...], Meta(description="Mirrors of the community's chart repository.")
    ] = ()
    index: Annotated[
        str,
        Meta(description="The chart index: https or oci URL, file or directory."),
    ] = DEFAULT_INDEX
    releases: Annotated[
        str,
        Meta(description="The manifests of Flux releases: URL or directory."),
    ] = DEFAULT_RELEASES
    flux_repository: Annotated[
        Text,
        Meta(description="The repository whose tags are the releases, if no chart is pinned."),
    ] = DEFAULT_FLUX_REPOSITORY
    operator_chart: Annotated[
        Text,
        Meta(description="The chart whose tags are the versions of flux-operator: oci URL."),
    ] = DEFAULT_OPERATOR_CHART
    branch: Annotated[Text, Meta(description="The branch to make.")] = DEFAULT_BRANCH
    commit: Annotated[
        Text | None,
        Meta(description="The commit message. fluxbump adds a list of what moved."),
    ] = None
    bump: Annotated[
        Level,
        Meta(description="How to bump the versions of your own charts. `none` keeps them."),
    ] = "patch"
    allowed_groups: Annotated[
        tuple[str, ...], Meta(description="API groups that a fresh cluster has, for rule FB106.")
    ] = ()
    mentions: Annotated[
        bool, Meta(description="Whether mapping rows in comments and documents move.")
    ] = True
    program_source: Annotated[
        ProgramSource,
        Meta(description="What URLs and calls of helm in programs are: pins, or mentions."),
    ] = "pins"
    run: Annotated[Policy, Meta(description="The pull requests of `fluxbump run`.")] = NO_POLICY


class Settings(Plain, frozen=True, kw_only=True):
    """The settings of a team. The defaults apply without a fluxbump.yaml.

    Attributes:
        pins: the pins that no kind finds by itself.
        ignore: the findings that the team accepts.
        kubernetes: the Kubernetes version of the clusters, which overrides the pins in other files;
            None to use those pins.
    """

    pins: tuple[CustomPin, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    kubernetes: KubernetesPin | None = None

    def scope(
        self, app_versions: Mapping[str, str] | None = None, also: tuple[str, ...] = ()
    ) -> Scope:
        """Return the scope of a search with these settings; `Scope` describes the arguments."""
        return Scope(
            exclude=self.exclude,
            leave_excluded=self.leave_excluded,
            custom=self.pins,
            repositories=(*COMMUNITY_REPOSITORIES, *self.repositories),
            app_versions=app_versions,
            also=also,
            program_source=self.program_source,
            search_archives=self.search_archives,
        )


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each `{name}` in a template by its value in `values`."""
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def branch_prefix(template: str) -> str:
    """Return the text before the first placeholder, with which all branches of a template begin.

    Raises:
        ConfigError: there is no placeholder, or no text before it, so that a scheduled run could
            not tell its branches from others.
    """
    prefix, placeholder, _ = template.partition("{")
    if not placeholder:
        raise ConfigError(
            f"branch: {template!r} has no placeholder, so every release would go to one branch",
            where=FILE,
            hint=f"add one that names the release, as in {DEFAULT_BRANCH}",
        )
    if not prefix:
        raise ConfigError(
            f"branch: {template!r} begins with a placeholder, so a run cannot tell its branches",
            where=FILE,
            hint=f"begin with a word of its own, as in {DEFAULT_BRANCH}",
        )
    return prefix
