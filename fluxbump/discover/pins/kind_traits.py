"""Lists the traits of kinds of pin, which rules, plans and reports ask for.

Each kind names its traits in its own module. Code outside of this room asks for a trait and never
for a kind, so a new kind with a known trait needs no change there.
"""

from __future__ import annotations

from enum import Enum, auto


class KindTrait(Enum):
    """A property that all pins of a kind share. `pins.traits` lists the kinds with each trait."""

    WRAPPED = auto()
    """The pin is an entry in a chart's dependencies. It is exact, and helm locks it."""
    INSTALL_URL = auto()
    """The pin is in the URL of the manifest that installs Flux, as scripts apply it."""
    HELM_RELEASE = auto()
    """The pin is in an object for helm-controller, which must run before it installs the chart."""
    MIRROR = auto()
    """The pin is in a wrapper's values, which repeat the version of its dependency."""
    OWN_VERSION = auto()
    """The pin is the version of a chart of this repository."""
    APP_VERSION = auto()
    """The pin is the appVersion of a chart, which may repeat the release."""
    REPEATS_CHART = auto()
    """The pin repeats the version of a chart of this repository."""
    CONTROLLER_IMAGE = auto()
    """The pin is the image of one controller, whose tag belongs to a release."""
    BOOTSTRAPPED = auto()
    """The pin is in a file that `flux bootstrap` commits, one for each cluster."""
    COPIED_MANIFEST = auto()
    """The pin is in a copy of a release's manifest."""
    TAG_URL = auto()
    """The pin is in a URL with the tag of a release, which begins with `v`."""
    ACTION = auto()
    """The pin is the tag of flux2 at which a workflow uses the action that installs the CLI."""
    CLI_FILE = auto()
    """The pin is in the name of a file or an image of the flux CLI that Flux publishes."""
    LISTED = auto()
    """The pin may be in a tool manager's catalog, which has the URL of a file of each release."""
    ONE_RELEASE = auto()
    """The pin must hold one release, because its reader uses the text as it is."""
    BOOTSTRAP = auto()
    """The pin is in a place that installs a chart once, before GitOps takes over."""
    RECONCILED = auto()
    """The pin is in an object whose chart a controller reconciles."""
    CONFIGURED = auto()
    """The pin is one that a team adds in its configuration."""
    VARIABLE = auto()
    """The pin is the value of a variable from which other places take their version."""
    ARCHIVE = auto()
    """The pin is in the URL of a chart's archive, which has the version twice."""
    MODULE = auto()
    """The pin is a module that a program requires, which may hold a release in another form."""
    DIGEST = auto()
    """The pin is a digest of a published file. It can be checked only against what is published."""
    TAKES_RANGE = auto()
    """The pin may be a range, because its reader resolves ranges. In a URL, a range is no tag."""
    CHART_OBJECT = auto()
    """The pin is in an object that names a chart, or in an object embedded in another text."""
    RELEASE_OBJECT = auto()
    """The pin is in an object that holds a release of Flux and names no chart."""
    BY_VARIABLE = auto()
    """The pin may hold a variable, which fluxbump follows to the places that set it."""
