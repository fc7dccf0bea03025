"""Lists the names of the kinds with each trait, for rules, plans and reports.

Code outside of this room asks whether a pin's kind is in one of these sets, and never names a kind.
Each kind has its traits in its own module, and `KindTrait` says what a trait means. Kinds do not
import this module.
"""

from __future__ import annotations

from fluxbump.discover.pins import KINDS
from fluxbump.discover.pins.kind_traits import KindTrait


def _having(trait: KindTrait) -> frozenset[str]:
    return frozenset(name for name, kind in KINDS.items() if trait in kind.TRAITS)


WRAPPED = _having(KindTrait.WRAPPED)
INSTALL_URL = _having(KindTrait.INSTALL_URL)
HELM_RELEASE = _having(KindTrait.HELM_RELEASE)
MIRROR = _having(KindTrait.MIRROR)
OWN_VERSION = _having(KindTrait.OWN_VERSION)
APP_VERSION = _having(KindTrait.APP_VERSION)
REPEATS_CHART = _having(KindTrait.REPEATS_CHART)
CONTROLLER_IMAGE = _having(KindTrait.CONTROLLER_IMAGE)
BOOTSTRAPPED = _having(KindTrait.BOOTSTRAPPED)
COPIED_MANIFEST = _having(KindTrait.COPIED_MANIFEST)
TAG_URL = _having(KindTrait.TAG_URL)
ACTION = _having(KindTrait.ACTION)
CLI_FILE = _having(KindTrait.CLI_FILE)
LISTED = _having(KindTrait.LISTED)
ONE_RELEASE = _having(KindTrait.ONE_RELEASE)
BOOTSTRAP = _having(KindTrait.BOOTSTRAP)
RECONCILED = _having(KindTrait.RECONCILED)
CONFIGURED = _having(KindTrait.CONFIGURED)
VARIABLE = _having(KindTrait.VARIABLE)
ARCHIVE = _having(KindTrait.ARCHIVE)
MODULE = _having(KindTrait.MODULE)
DIGEST = _having(KindTrait.DIGEST)
TAKES_RANGE = _having(KindTrait.TAKES_RANGE)
CHART_OBJECT = _having(KindTrait.CHART_OBJECT)
RELEASE_OBJECT = _having(KindTrait.RELEASE_OBJECT)

WHOLE_MANIFEST = BOOTSTRAPPED | COPIED_MANIFEST
"""Kinds whose pin is a whole manifest written by Flux, which a bump generates again."""
ALIGNED = INSTALL_URL | WRAPPED
"""Kinds whose pins must agree before a bump, unless the user tells it to move them together."""
