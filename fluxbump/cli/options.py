"""Options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fluxbump.errors import UPDATE_AVAILABLE, UPDATE_BLOCKED


class Color(StrEnum):
    """When to print colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Output(StrEnum):
    """How to print a result."""

    TEXT = "text"
    JSON = "json"


class LogFormat(StrEnum):
    """How to say on standard error what happens."""

    TEXT = "text"
    JSON = "json"


class BumpFormat(StrEnum):
    """How to print a bump."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"


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
RevOption = Annotated[
    str, typer.Option("--rev", metavar="REV", help="The branch, tag or commit to read.")
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
        help="Where vX.Y.Z/install.yaml and gotk-components.yaml are. [default: Flux's releases]",
    ),
]
OfflineOption = Annotated[
    bool,
    typer.Option("--offline", envvar="FLUXBUMP_OFFLINE", help="Use the cached index only."),
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
    typer.Option("--leave-gotk", help="Leave every gotk-components.yaml and copy of install.yaml."),
]
KubernetesOption = Annotated[
    str | None,
    typer.Option(
        "--kubernetes", metavar="VERSION", help="The Kubernetes that runs. [default: read]"
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
ColorOption = Annotated[Color, typer.Option("--color", help="Colours in the output.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print the result.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Print tracebacks of errors.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show the table and the diff; write nothing.")
]
FormatOption = Annotated[
    BumpFormat, typer.Option("--output", "-o", help="How to print the result.")
]
BumpOption = Annotated[
    Bump | None, typer.Option("--bump", help="How to raise your own charts. [default: patch]")
]
AllowDowngradeOption = Annotated[
    bool, typer.Option("--allow-downgrade", help="Let pins move to an older release.")
]
NoMentionsOption = Annotated[
    bool, typer.Option("--no-mentions", help="Leave mapping rows in comments and documents.")
]
RenderOption = Annotated[
    bool, typer.Option("--render", help="Let the gate run helm template too (FB105, FB106).")
]
AcceptRiskOption = Annotated[
    str,
    typer.Option("--accept-risk", metavar="CODES", help="Go on although these rules refuse."),
]
FixOption = Annotated[
    str,
    typer.Option(
        "--fix", metavar="NAMES", help="First fix settings: adoption (FB301), remediation (FB302)."
    ),
]
ExitCodeOption = Annotated[
    bool,
    typer.Option(
        "--exit-code", help="Exit with 20 when there is an update, 21 when it is blocked."
    ),
]


def left(*, gotk: bool) -> frozenset[str]:
    """Return the kinds of pin that an option leaves as they are."""
    return frozenset({"gotk-components", "install-manifest"}) if gotk else frozenset()


_OUTCOMES = {"update-available": UPDATE_AVAILABLE, "blocked": UPDATE_BLOCKED}


def exit_code_for(outcome: str) -> int:
    """Return what `--exit-code` makes of an outcome of `decision.Outcome`."""
    return _OUTCOMES.get(outcome, 0)
