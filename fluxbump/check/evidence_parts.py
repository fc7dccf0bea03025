"""The parts of the evidence that rules check. A part that is missing says why. Pure values.

A rule names the parts that it needs. If one is absent, the rule is not run.
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
        what: what is missing, for people: `no chart index`.
        why: why it is missing, or how to provide it; empty if there is no more to say.
    """

    what: str
    why: str = ""

    @property
    def reason(self) -> str:
        """`what` and `why` in one line: the reason why a rule that needs the part is not run."""
        return f"{self.what}: {self.why}" if self.why else self.what


Part = TypeVar("Part")


def optional(part: Part | Absent) -> Part | None:
    """Return a part of the evidence; None if it is absent."""
    return None if isinstance(part, Absent) else part


def needed(part: Part | Absent) -> Part:
    """Return a part that the calling rule has listed in its `needs`, so it must be there.

    Raises:
        AssertionError: the part is absent, which is a bug of the rule.
    """
    if not isinstance(part, Absent):
        return part
    raise AssertionError(f"a part was not asked for: {part.reason}")


class Render(Struct, frozen=True):
    """What `helm template` makes of a wrapper with its default values.

    Attributes:
        wrapper: the path of the wrapper's Chart.yaml.
        helm: the version of the helm that rendered, such as `v3.17.3`; empty if none did.
        objects: the Kubernetes objects of the render.
        error: why helm refused the chart, in one line; None if it did not.
        not_run: why nothing was rendered (no helm, no archive available); None if it was.
        images: by name of a controller (`source-controller`), the tag of its image in the release
            that the chart ships; empty if that is not known.
        schema: why helm did not check the values with the chart's schemas; None if it did.
    """

    wrapper: str
    helm: str = ""
    objects: tuple[RenderedObject, ...] = ()
    error: str | None = None
    not_run: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    schema: str | None = None


Renders = Callable[[], tuple[Render, ...]]
"""A function that waits for the renders of all wrappers, and returns them."""


class ChartFiles(Struct, frozen=True):
    """The files beside the charts that move with Flux.

    Attributes:
        vendored: the community charts in the wrappers' `charts/` folders.
        locks: the text of each Chart.lock, by path.
    """

    vendored: tuple[Vendored, ...] = ()
    locks: Mapping[str, str] = field(default_factory=dict)


class Remains(Struct, frozen=True):
    """The present content of files that started Flux at the base, and do so no more.

    A file starts Flux by a dependency on flux2 or by an install URL (`lost_install_files.starts`).

    Attributes:
        texts: the text of each such file, by path.
        unsearched: the file that is too large to search, by the path of the file that may have lost
            something. It is that file itself, or a template of its chart.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    unsearched: Mapping[str, Unreadable] = field(default_factory=dict)


NO_REMAINS = Remains()


class Baseline(Struct, frozen=True):
    """The state that a snapshot is compared with: the merge base, or what clusters run.

    Attributes:
        inventory: the inventory of that state, the base.
        changed: the paths in the charts' directories whose content differs from the base.
        remains: the files that started Flux at the base, and do so no more.
    """

    inventory: Inventory
    changed: frozenset[str] = frozenset()
    remains: Remains = NO_REMAINS


class Cluster(Struct, frozen=True):
    """What is known of the clusters in which a release would be installed.

    Attributes:
        kubernetes: the places that state the Kubernetes version: a statement of the user or the
            configuration, or else the repository's pins. Empty if there is none.
        stored: `status.storedVersions` of a live cluster, by CRD name; None if none was asked.
        written: the API versions that objects may have been written at, by group and kind: those
            that manifests hold or held, and those in the managedFields of a live cluster.
        unsearched: the files that may pin Kubernetes, but are too large to search.
    """

    kubernetes: tuple[KubernetesPin, ...] = ()
    stored: Mapping[str, tuple[str, ...]] | None = None
    written: Written = field(default_factory=dict)
    unsearched: tuple[Unreadable, ...] = ()


class History(Struct, frozen=True):
    """What git's history says, read only if a rule can say more with it.

    Attributes:
        past: the releases that the pins have held, for FB202; None if that was not read.
        mirrored: for FB104, the paths of wrappers that have no values mirror now, but whose values
            files once had one.
    """

    past: Past | None = None
    mirrored: frozenset[str] = frozenset()


class Team(Struct, frozen=True):
    """The settings of a team in fluxbump.yaml that change what rules accept.

    Attributes:
        raises: True if a bump raises the version of each chart of the team that it changes. False
            for `bump: none`: the team does that in its own release process, so FB107 accepts a
            changed chart with its old version.
        allowed_groups: the API groups that a fresh cluster has, beside those of Kubernetes and
            Flux, so that FB106 accepts their objects (`allowed_groups`).
    """

    raises: bool = True
    allowed_groups: tuple[str, ...] = ()


class Effort(Struct, frozen=True):
    """How much of the evidence rules have to check, and how they divide that work.

    Attributes:
        compared_with: the Flux release that a new one is compared with. A rule may leave out what
            this release refuses too, as FB204 does. None if rules must find everything.
        spread: how a rule divides work on many files: in this process, or among several.
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
