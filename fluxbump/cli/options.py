"""The options that several commands take, and the values that commands get from them."""

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
    """The choices for when to print colors."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Output(StrEnum):
    """The formats of a result."""

    TEXT = "text"
    JSON = "json"


class BumpFormat(StrEnum):
    """The formats of a bump."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"
    HTML = "html"


class ConfigFrom(StrEnum):
    """The choices for whose fluxbump.yaml applies: that of the base, or of the checked files."""

    BASE = "base"
    HEAD = "head"


class Bump(StrEnum):
    """The part of a chart's own version that a bump raises."""

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
    """The options about the clusters that a release is for.

    Attributes:
        kubernetes: the Kubernetes version of the clusters. None reads it from the repository.
        cluster_state: a file with the CRDs of a cluster, as kubectl lists them.
        cluster: whether to ask the current cluster.
        context: the kubectl context of the cluster to ask.
        accept_risk: the codes of rules that do not stop a bump, with commas.
    """

    kubernetes: str | None = None
    cluster_state: Path | None = None
    cluster: bool = False
    context: str | None = None
    accept_risk: str = ""


class BumpOptions(Struct, frozen=True):
    """The options of a bump.

    Attributes:
        chart_version: the chart release to take. None lets fluxbump choose it.
        bump: the part of the team's chart versions that is raised. None takes the configured one.
        allow_downgrade: whether pins can move to an older release.
        align: whether pins that disagree are set to one version.
        operator: the release that flux-operator moves to. None if it stays.
        no_mentions: whether rows of mapping tables stay.
        migrate_apis: whether manifests move to newer API versions first.
        fix: the names of the settings to fix first, with commas.
        leave_gotk: whether a manifest of Flux stays if it cannot be generated again.
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
"""The options for output. The command gets the console that is made from them."""


def left(*, gotk: bool) -> frozenset[str]:
    """Return the kinds of pin that `--leave-gotk` leaves. Empty without that option."""
    from fluxbump.discover.pins.traits import WHOLE_MANIFEST

    return WHOLE_MANIFEST if gotk else frozenset()
