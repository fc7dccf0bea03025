"""What a kind of pin can be to those who judge, plan or report; each kind says which of them it is.

A new kind that is the same thing as others says so in its own module, and whoever asks takes it in.
"""

from __future__ import annotations

from enum import Enum, auto


class KindTrait(Enum):
    """What holds of all pins of a kind. `pins.traits` has the kinds of each."""

    WRAPPED = auto()
    """A chart lists the chart under its dependencies: it is exact, and helm locks it."""
    INSTALL_URL = auto()
    """The URL of the manifest that installs Flux, as a script applies it."""
    HELM_RELEASE = auto()
    """An object for helm-controller, which has to run before what it names comes about."""
    MIRROR = auto()
    """Values of a wrapper repeat the version of its dependency."""
    OWN_VERSION = auto()
    """A chart's own version."""
    APP_VERSION = auto()
    """A chart's appVersion, which may repeat the release."""
    REPEATS_CHART = auto()
    """Repeats the version of a chart of this repository."""
    CONTROLLER_IMAGE = auto()
    """The image of one controller; its tag belongs to a release."""
    BOOTSTRAPPED = auto()
    """What `flux bootstrap` commits: one file for each cluster."""
    COPIED_MANIFEST = auto()
    """A copy of the manifest of a release."""
    TAG_URL = auto()
    """A URL with the tag of a release, which begins with v."""
    ACTION = auto()
    """The action that installs the flux CLI, by a tag of flux2."""
    CLI_FILE = auto()
    """A file or an image of the flux CLI, as Flux publishes it."""
    LISTED = auto()
    """A URL of one file of a release, of which a catalog of a tool manager lists each release."""
    ONE_RELEASE = auto()
    """Has to hold one release: what it names is taken as it is."""
    BOOTSTRAP = auto()
    """A chart that somebody or something installs once; GitOps then takes over."""
    RECONCILED = auto()
    """A chart that a controller brings about again and again."""
    CONFIGURED = auto()
    """What a team adds in its configuration."""
    VARIABLE = auto()
    """A variable that something else takes its version from."""
    ARCHIVE = auto()
    """The URL of a chart's archive, which has the version twice."""
    MODULE = auto()
    """A module of a program, which may hold a release in another form."""
    DIGEST = auto()
    """A digest of what a release publishes: only what is published tells a wrong one."""
    TAKES_RANGE = auto()
    """Its reader takes a range of releases; a URL has no such tag."""
    CHART_OBJECT = auto()
    """An object that names a chart, or what is embedded in one."""
    RELEASE_OBJECT = auto()
    """An object that holds a release of Flux, and no chart."""
    BY_VARIABLE = auto()
    """The version may be a variable, which is followed to the places that set it."""
