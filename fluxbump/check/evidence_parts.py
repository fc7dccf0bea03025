"""The parts of the evidence, each of which is there or says why it is not. Pure values.

A rule names the parts that it needs, and one that is absent is why the rule is not run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec import Struct, field

from fluxbump.flux.chart_contents import Vendored
from fluxbump.flux.removed_versions import Written
from fluxbump.helm.rendered import RenderedObject
from fluxbump.model import Inventory, Unreadable
from fluxbump.system.parallel import Spread, serially

if TYPE_CHECKING:
    from fluxbump.check.pin_history import Past
    from fluxbump.discover.kubernetes_pins import KubernetesPin


class Absent(Struct, frozen=True):
    """A part of the evidence that is not there.

    Attributes:
        what: is missing.
        why: so, or what gives it; empty where there is no more to say.
    """

    what: str
    why: str = ""

    @property
    def reason(self) -> str:
        """Both as one sentence: why a rule that needs the part is not run."""
        return f"{self.what}: {self.why}" if self.why else self.what


Part = TypeVar("Part")


def optional(part: Part | Absent) -> Part | None:
    """Return a part; None where it is absent."""
    return None if isinstance(part, Absent) else part


def needed(part: Part | Absent) -> Part:
    """Return a part that is there, because the rule that asks has named it among its needs.

    Raises:
        AssertionError: it is absent; a bug.
    """
    if not isinstance(part, Absent):
        return part
    raise AssertionError(f"a part was not asked for: {part.reason}")


class Render(Struct, frozen=True):
    """What `helm template` makes of a wrapper with its default values.

    Attributes:
        wrapper: path of the wrapper's Chart.yaml.
        helm: version of the helm that rendered, `v3.17.3`; empty when none did.
        objects: what came out.
        error: why helm refused the chart, one line; None when it did not.
        not_run: why nothing was rendered (no helm, no archive available); None when it was.
        images: image of each controller that the release ships, `source-controller` to its tag,
            as far as the chart's own archive says; empty when that is not known.
        schema: why the values were not held against the chart's schemas; None when they were.
    """

    wrapper: str
    helm: str = ""
    objects: tuple[RenderedObject, ...] = ()
    error: str | None = None
    not_run: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    schema: str | None = None


Renders = Callable[[], tuple[Render, ...]]
"""Waits for the renders of all wrappers."""


class ChartFiles(Struct, frozen=True):
    """What lies beside the charts that move with Flux.

    Attributes:
        vendored: community charts under the wrappers' `charts/`.
        locks: text of each Chart.lock, by its path.
    """

    vendored: tuple[Vendored, ...] = ()
    locks: Mapping[str, str] = field(default_factory=dict)


class Remains(Struct, frozen=True):
    """What is in the files that held the start of Flux at the base, and hold none now.

    Attributes:
        texts: of each file, by path.
        unsearched: what is too large to search, by the path of the file that may have lost
            something: that file itself, or a template of its chart.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    unsearched: Mapping[str, Unreadable] = field(default_factory=dict)


NO_REMAINS = Remains()


class Baseline(Struct, frozen=True):
    """What a snapshot is compared with: the merge base, or what clusters run.

    Attributes:
        inventory: of the base.
        changed: paths that differ from it, below the directories of the charts.
        remains: the files that held the start of Flux there, and hold none now.
    """

    inventory: Inventory
    changed: frozenset[str] = frozenset()
    remains: Remains = NO_REMAINS


class Cluster(Struct, frozen=True):
    """What is known of the clusters that a release meets.

    Attributes:
        kubernetes: where the repository pins Kubernetes, or who states it; empty when nobody does.
        stored: `status.storedVersions` of a live cluster by CRD name; None when none was asked.
        written: the API versions that objects may have been written at, by group and kind: what
            manifests hold or held, and the managedFields of a live cluster.
        unsearched: files that may pin Kubernetes, and are too large to search.
    """

    kubernetes: tuple[KubernetesPin, ...] = ()
    stored: Mapping[str, tuple[str, ...]] | None = None
    written: Written = field(default_factory=dict)
    unsearched: tuple[Unreadable, ...] = ()


class History(Struct, frozen=True):
    """What git's history says, as far as that could narrow anything.

    Attributes:
        past: what the pins have held; None where no rule could say more by it.
        mirrored: paths of the wrappers without a values mirror whose values files once held one.
    """

    past: Past | None = None
    mirrored: frozenset[str] = frozenset()


class Team(Struct, frozen=True):
    """What a team sets, as far as rules judge by it.

    Attributes:
        raises: whether it raises the versions of its own charts when they change.
        allowed_groups: API groups that a fresh cluster has, beside Kubernetes' and Flux's own.
    """

    raises: bool = True
    allowed_groups: tuple[str, ...] = ()


class Effort(Struct, frozen=True):
    """How much is judged, and how that is divided; no part of what it comes to.

    Attributes:
        compared_with: a Flux release; a rule may leave out what that release refuses too. None
            when everything is to be found.
        spread: how a rule that looks at many files divides that.
    """

    compared_with: str | None = None
    spread: Spread = serially


NO_BASE = Absent("no base to compare with", "use --base origin/main")
BASE_REFUSED = Absent("compared with nothing, as --no-base asks")
NOT_RENDERED = Absent("rendering was not asked for")
NO_WRAPPER = Absent("no chart here depends on flux2, so there is nothing to render")
NO_INDEX = Absent("no chart index", "none was read")
NO_RELEASES = Absent("the CRDs of no Flux release are known")
NO_OBJECTS = Absent("Flux custom resources were not looked for")
NO_CLUSTER = Absent("the pinned Kubernetes was not looked for")
NO_HISTORY = Absent("git history was not read")
NO_DIGESTS = Absent("the digests that Flux publishes were not read")

PartName = Literal[
    "index", "releases", "renders", "baseline", "objects", "cluster", "history", "digests"
]
"""The parts that may be absent, as fields of `Evidence`."""
