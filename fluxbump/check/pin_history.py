"""Which Flux releases a repository has been through, by what its pins have held. Pure.

Clusters take their Flux from the repository, so what its pins have held is what they have been at,
from the day on which the pins came here. Where they were before that, no history tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.discover.charts import FILE as CHART_FILE
from fluxbump.discover.charts import read as read_charts
from fluxbump.discover.pin_search import context_of, find_pins
from fluxbump.discover.pins import traits
from fluxbump.discover.scope import Scope
from fluxbump.discover.variables import resolve
from fluxbump.discover.variables.references import Reference
from fluxbump.errors import RepositoryError
from fluxbump.flux import stored_versions
from fluxbump.git.file_history import Held, Lineage
from fluxbump.model import FLUX, FLUX2, Chart, Form, Inventory, Pin, Role, Track
from fluxbump.text import versions
from fluxbump.text.live_code import TextFile, decode

Named = tuple[tuple[Reference, Track], ...]
"""Variables with the tracks whose versions they hold."""


class Past(Struct, frozen=True):
    """What the history of the pins says.

    Attributes:
        releases: that the pins have held, in any branch.
        since: when the pins came to be; the younger of install URLs and charts.
        problem: why nothing can be said; the rest is empty then.
    """

    releases: frozenset[str] = frozenset()
    since: datetime | None = None
    problem: str | None = None

    def until(self, release: str) -> str:
        """Say what was held up to a release: `Flux 2.3.0 and 2.4.0, since 2024-05-01`."""
        some = sorted(
            {held for held in self.releases if _before(held, release)},
            key=stored_versions.key,
        )
        since = f", since {self.since:%Y-%m-%d}" if self.since else ""
        return f"Flux {', '.join(some)} and {release}{since}"

    def silent(self, release: str) -> str | None:
        """Say why this does not help to tell where clusters at `release` were before.

        A history in which no pin ever moved does not: a repository that was imported yesterday,
        with clusters that are years old, looks the same.
        """
        if self.problem:
            return self.problem
        moved = any(_before(held, release) for held in self.releases)
        return None if moved else f"the pins held nothing before Flux {release}"

    def through(self, release: str) -> frozenset[str] | None:
        """Return where clusters at `release` may have been; None when this does not tell."""
        return None if self.silent(release) else frozenset(self.releases)


def _before(earlier: str, release: str) -> bool:
    return stored_versions.key(earlier) < stored_versions.key(release)


def read(
    lineage: Lineage, inventories: Iterable[Inventory], scope: Scope, known: Collection[str]
) -> Past:
    """Read which releases the pins have held.

    Args:
        lineage: gives what files have held.
        inventories: whose pins count.
        scope: of the search.
        known: releases whose CRDs are known.
    """
    inventories = tuple(inventories)
    aliases = [name for entry in inventories for name in entry.aliases]
    scope = replace(scope, repositories=(*scope.repositories, *aliases))
    pins = [pin for entry in inventories for pin in entry.pins if _counts(pin)]
    charts = {chart.name: chart for entry in inventories for chart in entry.charts}
    try:
        held = lineage(sorted({pin.location.path for pin in pins}))
    except RepositoryError as error:
        return Past(problem=error.message)
    named = _named(inventories)
    searched = (entry for entry in held if not scope.excludes(entry.path))
    found = (
        (entry.since, pin)
        for entry in searched
        for pin in _pins(entry, charts.values(), scope, named)
    )
    since: dict[Track, datetime] = {}
    releases = set()
    for moment, pin in found:
        release = _release(pin, scope.app_versions or {})
        if release is None or not _comparable(release, known):
            return Past(problem=f"{pin.location.path} once held {_words(pin)}")
        releases.add(release)
        if moment:
            since[pin.track] = min(since.get(pin.track, moment), moment)
    return Past(frozenset(releases), max(since.values(), default=None))


def _counts(pin: Pin) -> bool:
    return pin.role is Role.INSTALLS and pin.track in (FLUX, FLUX2)


def _named(inventories: Iterable[Inventory]) -> Named:
    """The variables that are followed: where they were set before, their use was elsewhere."""
    uses = [pin for inventory in inventories for pin in inventory.uses]
    followed = {
        pin.track
        for inventory in inventories
        for pin in inventory.pins
        if pin.kind in traits.VARIABLE
    }
    references = [(resolve.reference_of(pin), pin.track) for pin in uses]
    return tuple(
        (reference, track) for reference, track in references if reference and track in followed
    )


def _pins(held: Held, charts: Iterable[Chart], scope: Scope, named: Named) -> Iterator[Pin]:
    file = TextFile(held.path, decode(held.data))
    if held.path.rsplit("/", 1)[-1] == CHART_FILE:
        charts = (*charts, *read_charts({held.path: file}, scope.repositories)[1])
    found = find_pins([file], replace(context_of(charts, scope), named=named))
    return (pin for pin in found.pins if _counts(pin) and not _is_set_elsewhere(pin, named))


def _is_set_elsewhere(pin: Pin, named: Named) -> bool:
    reference = resolve.reference_of(pin) if pin.form is Form.VARIABLE else None
    return any(reference == other for other, _ in named)


def _release(pin: Pin, app_versions: Mapping[str, str]) -> str | None:
    if pin.form is not Form.EXACT:
        return None
    return pin.value if pin.track == FLUX else app_versions.get(pin.value)


def _comparable(release: str, known: Collection[str]) -> bool:
    """Whether a release is known, or newer than all that are: that one was no earlier one."""
    parsed = versions.parse(release)
    newest = max(map(stored_versions.key, known))
    return parsed is not None and (release in known or parsed > newest)


def _words(pin: Pin) -> str:
    what = "Flux" if pin.track == FLUX else "flux2"
    if pin.form is Form.EXACT:
        return f"{what} {pin.value}, of which too little is known"
    return f"no full version of {what}"
