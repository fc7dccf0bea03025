"""Options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from fluxbump.cli.console import Console
from fluxbump.cli.shell import completion
from fluxbump.cli.shell.option_groups import Flat, OptionGroup
from fluxbump.config.source_options import SourceOptions


class Color(StrEnum):
    """When to print colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Output(StrEnum):
    """How to print a result."""

    TEXT = "text"
    JSON = "json"


class BumpFormat(StrEnum):
    """How to print a bump."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"
    HTML = "html"


class ConfigFrom(StrEnum):
    """Whose fluxbump.yaml judges."""

    BASE = "base"
    HEAD = "head"


class Bump(StrEnum):
    """How a chart's own version is raised."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"
    NONE = "none"


RepoOption = Annotated[
    Path | None,
    typer.Option(
        "--repo", metavar="PATH", help="The repository, bare or not. [default: the one you are in]"
    ),
]
EditedRepoOption = Annotated[
    Path | None,
    typer.Option(
        "--repo",
        metavar="PATH",
        help="The repository, with its working tree. [default: the one you are in]",
    ),
]
RevOption = Annotated[
    str,
    typer.Option(
        "--rev",
        metavar="REV",
        autocompletion=completion.revisions,
        help="The branch, tag or commit to read.",
    ),
]
IndexOption = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="URL|PATH",
        envvar="FLUXBUMP_INDEX",
        help="The chart index: an https or oci URL, a file, or a directory. "
        "[default: the community's]",
    ),
]
ReleasesOption = Annotated[
    str | None,
    typer.Option(
        "--releases",
        metavar="URL|PATH",
        envvar="FLUXBUMP_RELEASES",
        help="The parent of vX.Y.Z/install.yaml. [default: Flux's releases]",
    ),
]
OfflineOption = Annotated[
    bool,
    typer.Option(
        "--offline", envvar="FLUXBUMP_OFFLINE", help="Use cached charts and releases only."
    ),
]
HelmOption = Annotated[
    str | None,
    typer.Option("--helm", metavar="PATH", envvar="FLUXBUMP_HELM", help="The helm to run."),
]
FluxOption = Annotated[
    str | None,
    typer.Option(
        "--flux",
        metavar="PATH",
        envvar="FLUXBUMP_FLUX",
        help="The flux CLI to write gotk-components.yaml with. [default: read it, see --releases]",
    ),
]
LeaveGotkOption = Annotated[
    bool,
    typer.Option(
        "--leave-gotk",
        help="Leave each gotk-components.yaml and copy of install.yaml that differs.",
    ),
]
KubernetesOption = Annotated[
    str | None,
    typer.Option(
        "--kubernetes",
        metavar="VERSION",
        help="The Kubernetes version of the clusters. [default: read]",
    ),
]
ClusterStateOption = Annotated[
    Path | None,
    typer.Option(
        "--cluster-state", metavar="FILE", help="What a cluster stores: kubectl get crds -o json."
    ),
]
ClusterOption = Annotated[
    bool, typer.Option("--cluster", help="Ask the current cluster what it stores, by kubectl.")
]
ContextOption = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="Ask this context's cluster.")
]
ColorOption = Annotated[Color, typer.Option("--color", help="Use colors in the output.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="The format of the result.")]
NoPagerOption = Annotated[
    bool, typer.Option("--no-pager", help="Print long output without a pager.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Print tracebacks of errors.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show the table and the diff. Write nothing.")
]
FormatOption = Annotated[
    BumpFormat, typer.Option("--output", "-o", help="The format of the result.")
]
BumpOption = Annotated[
    Bump | None,
    typer.Option("--bump", help="How to bump the versions of your own charts. [default: patch]"),
]
AllowDowngradeOption = Annotated[
    bool, typer.Option("--allow-downgrade", help="Allow an older release than the pins hold.")
]
NoMentionsOption = Annotated[
    bool,
    typer.Option("--no-mentions", help="Do not update mapping rows in comments and documents."),
]
RenderOption = Annotated[
    bool, typer.Option("--render", help="Let the gate run helm template too (FB105, FB106).")
]
AcceptRiskOption = Annotated[
    str,
    typer.Option(
        "--accept-risk",
        metavar="CODES",
        autocompletion=completion.codes,
        help="Bump even if these rules refuse.",
    ),
]
FixOption = Annotated[
    str,
    typer.Option(
        "--fix", metavar="NAMES", help="First fix settings: adoption (FB301), remediation (FB302)."
    ),
]


class ClusterOptions(Struct, frozen=True):
    """What a user states about the clusters that a release meets.

    Attributes:
        kubernetes: the version that runs.
        cluster_state: a file with what a cluster stores.
        cluster: whether to ask the current cluster.
        context: ask this context's cluster.
        accept_risk: codes of rules that do not stop a bump, with commas.
    """

    kubernetes: str | None = None
    cluster_state: Path | None = None
    cluster: bool = False
    context: str | None = None
    accept_risk: str = ""


class BumpOptions(Struct, frozen=True):
    """What a bump may and shall do.

    Attributes:
        chart_version: take this chart release.
        bump: how the versions of the user's charts are raised; None as configured.
        allow_downgrade: whether pins may move to an older release.
        align: whether install URLs or wrappers may disagree before.
        operator: the release that flux-operator moves to; None when it stays.
        no_mentions: whether mapping rows stay.
        migrate_apis: whether manifests move first.
        fix: names of the settings to fix first, with commas.
        leave_gotk: whether a gotk-components.yaml stays that cannot be made again.
    """

    chart_version: str | None = None
    bump: Bump | None = None
    allow_downgrade: bool = False
    align: bool = False
    operator: str | None = None
    no_mentions: bool = False
    migrate_apis: bool = False
    fix: str = ""
    leave_gotk: bool = False


_INDEX = {"index": Flat(IndexOption), "offline": Flat(OfflineOption, default=False)}
_RELEASES = {
    "index": Flat(IndexOption),
    "releases": Flat(ReleasesOption),
    "offline": Flat(OfflineOption, default=False),
}
_FLUX = {"flux": Flat(FluxOption, before="leave_gotk")}
IndexGroup = Annotated[SourceOptions, OptionGroup(SourceOptions, **_INDEX)]
ReleasesGroup = Annotated[SourceOptions, OptionGroup(SourceOptions, **_RELEASES)]
FleetSourcesGroup = Annotated[SourceOptions, OptionGroup(SourceOptions, **_FLUX, **_INDEX)]
RunSourcesGroup = Annotated[SourceOptions, OptionGroup(SourceOptions, **_FLUX, **_RELEASES)]
CheckSourcesGroup = Annotated[
    SourceOptions,
    OptionGroup(SourceOptions, helm=Flat(HelmOption, before="show_suppressed"), **_RELEASES),
]
BumpSourcesGroup = Annotated[
    SourceOptions,
    OptionGroup(SourceOptions, helm=Flat(HelmOption, before="leave_gotk"), **_FLUX, **_RELEASES),
]

_CLUSTER = {
    "kubernetes": Flat(KubernetesOption),
    "cluster_state": Flat(ClusterStateOption),
    "cluster": Flat(ClusterOption, default=False),
    "context": Flat(ContextOption),
}
ClusterGroup = Annotated[ClusterOptions, OptionGroup(ClusterOptions, **_CLUSTER)]
RiskGroup = Annotated[
    ClusterOptions,
    OptionGroup(ClusterOptions, accept_risk=Flat(AcceptRiskOption, default=""), **_CLUSTER),
]

SyncGroup = Annotated[
    BumpOptions,
    OptionGroup(
        BumpOptions,
        bump=Flat(BumpOption),
        allow_downgrade=Flat(AllowDowngradeOption, default=False),
        no_mentions=Flat(NoMentionsOption, default=False),
        leave_gotk=Flat(LeaveGotkOption, default=False, before="accept_risk"),
    ),
]

ConsoleGroup = Annotated[
    Console,
    OptionGroup(
        Console,
        color=Flat(ColorOption, default=Color.AUTO),
        no_pager=Flat(NoPagerOption, default=False),
        quiet=Flat(QuietOption, default=False),
        verbose=Flat(VerboseOption, default=False),
    ),
]
"""How to talk; the command gets the console that does."""


def left(*, gotk: bool) -> frozenset[str]:
    """Return the kinds of pin that an option leaves as they are."""
    from fluxbump.discover.pins.traits import WHOLE_MANIFEST

    return WHOLE_MANIFEST if gotk else frozenset()
