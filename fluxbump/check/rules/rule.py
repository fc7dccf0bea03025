"""What all rules share: the seam, and what a rule is given to judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from fluxbump.discover.tracks import current
from fluxbump.flux.chart_contents import Fetched, Vendored
from fluxbump.helm.rendered import RenderedObject
from fluxbump.model import (
    FLUX,
    FLUX2,
    ChartRelease,
    Finding,
    Inventory,
    Location,
    Pin,
    Related,
    Severity,
)
from fluxbump.system.parallel import Spread, serially

if TYPE_CHECKING:
    from fluxbump.check.pin_history import Past
    from fluxbump.discover.flux_objects import Resources
    from fluxbump.discover.kubernetes_pins import KubernetesPin
    from fluxbump.flux.install_manifest import Shipped
    from fluxbump.flux.stored_versions import Crd
    from fluxbump.flux.upgrade_path import Written


class Render(Struct, frozen=True):
    """What `helm template` makes of a wrapper with its default values.

    Attributes:
        wrapper: path of the wrapper's Chart.yaml.
        helm: version of the helm that rendered, `v3.17.3`; empty when none did.
        objects: what came out.
        error: why helm refused the chart, one line; None when it did not.
        not_run: why nothing was rendered (no helm, no archive to be had); None when it was.
        images: image of each controller that the release ships, `source-controller` to its tag,
            as far as the chart's own archive says; empty when that is not known.
    """

    wrapper: str
    helm: str = ""
    objects: tuple[RenderedObject, ...] = ()
    error: str | None = None
    not_run: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)


Renders = Callable[[], tuple[Render, ...]]
"""Waits for the renders of all wrappers."""


class Evidence(Struct, frozen=True):
    """What rules judge. Everything in it was gathered before; a rule does no I/O.

    Attributes:
        inventory: of the snapshot in question.
        index: chart releases by version; empty when the index could not be read.
        no_index: why it could not.
        vendored: community charts under the wrappers' `charts/`.
        locks: text of each Chart.lock beside a bumped chart, by its path.
        renders: one for each wrapper, when rendering was asked for.
        base: the inventory of the merge base; None when no base was given.
        no_base: why there is none, and what gives one.
        changed: paths that differ from the base.
        remains: the text of files that held the start of Flux at the base, and hold none now.
        raises: whether the team raises the versions of its own charts when they change.
        allowed_groups: API groups that a fresh cluster has, beside Kubernetes' and Flux's own.
        crds: what each known Flux release defines: release to CRD name to CRD.
        manifests: what the releases among them ship that the tables do not know.
        unknown: releases that matter and of which nothing is known, and why.
        fetched: community charts from the index by version, as far as they may be fetched.
        stored: `status.storedVersions` of a live cluster by CRD name; None when none was asked.
        written: the API versions that objects may have been written at, by group and kind.
        past: what the history of the pins says; None when it was not read.
        mirrored: paths of the wrappers without a values mirror whose values files once held one,
            as git's history says; None when it was not read.
        resources: the Flux custom resources of the snapshot; None when they were not looked for.
        kubernetes: where the repository pins Kubernetes; None when that was not looked for.
        compared_with: a Flux release; a rule may leave out what that release refuses too. None
            when everything is to be found.
        spread: how a rule that looks at many files divides that.
    """

    inventory: Inventory
    index: Mapping[str, ChartRelease] = field(default_factory=dict)
    no_index: str | None = None
    vendored: tuple[Vendored, ...] = ()
    locks: Mapping[str, str] = field(default_factory=dict)
    renders: tuple[Render, ...] = ()
    base: Inventory | None = None
    no_base: str = "no base to compare with: say --base origin/main"
    changed: frozenset[str] = frozenset()
    remains: Mapping[str, str] = field(default_factory=dict)
    raises: bool = True
    allowed_groups: tuple[str, ...] = ()
    crds: Mapping[str, Mapping[str, Crd]] = field(default_factory=dict)
    manifests: Mapping[str, Shipped] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    fetched: Mapping[str, Fetched] = field(default_factory=dict)
    stored: Mapping[str, tuple[str, ...]] | None = None
    written: Written = field(default_factory=dict)
    past: Past | None = None
    mirrored: frozenset[str] | None = None
    resources: Resources | None = None
    kubernetes: tuple[KubernetesPin, ...] | None = None
    compared_with: str | None = None
    spread: Spread = serially

    @property
    def installed(self) -> str | None:
        """The release that the repository installs: by URL, or else by chart."""
        held = current(self.inventory)
        chart = self.index.get(held.get(FLUX2, ""))
        return held.get(FLUX) or (str(chart.app_version) if chart else None)

    @property
    def oldest_kubernetes(self) -> str | None:
        """The oldest Kubernetes that is pinned or stated; None when none is known."""
        pins = [(pin.minor, pin.version) for pin in self.kubernetes or () if pin.minor]
        return min(pins)[1] if pins else None

    def why_unknown(self, release: str) -> str:
        """Return `: ` and why nothing is known of a release; empty when nobody asked."""
        return f": {self.unknown[release]}" if release in self.unknown else ""

    def shipped(self, pin: Pin, *, vendored: bool = True) -> tuple[str | None, str]:
        """Return the release that a pin of the community chart ships, and who says so.

        Args:
            pin: holds a chart version.
            vendored: whether the archive under the wrapper's `charts/` may say so; not for a pin
                of the base, whose archives are not here.
        """
        for one in self.vendored if vendored else ():
            same = one.named in (None, pin.value) and not one.problem
            if one.wrapper == pin.location.path and same:
                return one.app_version.removeprefix("v"), f"its archive {one.path}"
        release = self.index.get(pin.value)
        return (str(release.app_version), "the chart index") if release else (None, "")


class NotRun(Struct, frozen=True):
    """A rule that could not be judged, and why. It has not passed.

    Attributes:
        code: of the rule.
        reason: one sentence.
    """

    code: str
    reason: str


class NotApplicable(Struct, frozen=True):
    """A rule that has nothing to judge here, and why. There is nothing to mend.

    Attributes:
        code: of the rule.
        reason: one sentence.
    """

    code: str
    reason: str


Outcome = Finding | NotRun | NotApplicable

Check = Callable[[Evidence], Iterator[Outcome]]
"""Judges evidence; pure."""


def cited(check: Check) -> Check:
    """Let findings say where a release that they name is known from, when not from the tables."""

    def citing(evidence: Evidence) -> Iterator[Outcome]:
        for one in check(evidence):
            if isinstance(one, Finding) and evidence.manifests:
                named = [r for r in evidence.manifests if _names(one.message, r)]
                cites = (f"; Flux {r} as in {evidence.manifests[r].source}" for r in named)
                yield replace(one, message="".join([one.message, *cites]))
            else:
                yield one

    return citing


def _names(message: str, release: str) -> bool:
    return re.search(rf"Flux {re.escape(release)}(?![\w.+-]*\w)", message) is not None


class Rule(Struct, frozen=True):
    """One rule.

    Attributes:
        code: stable, `FB103`.
        slug: stable, for people: `version-agreement`.
        severity: of its findings, unless a finding says otherwise.
        summary: what must hold, one sentence.
        check: yields what is wrong, and what could not be judged; pure.
        rendered: it judges `Evidence.renders`, which take longest to have.
    """

    code: str
    slug: str
    severity: Severity
    summary: str
    check: Check
    rendered: bool = False


__all__ = [
    "Check",
    "Evidence",
    "Finding",
    "Location",
    "NotApplicable",
    "NotRun",
    "Outcome",
    "Related",
    "Render",
    "Rule",
    "Severity",
    "cited",
]
