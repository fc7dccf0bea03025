"""Finds the Flux releases that a repository's pins have held, from git's history. Pure.

Clusters take Flux from the repository, so they have run the releases that its pins have held since
the pins were added. The history cannot tell which releases they ran before that.
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
"""Variables, each with the track whose version it holds."""


class Past(Struct, frozen=True):
    """The releases that the pins have held in git's history.

    Attributes:
        releases: the releases that the pins have held, in any branch.
        since: the time from which the history is complete: when the first pin was added. If there
            are install URLs and charts, the later of the two times. None if it is not known.
        problem: why the history says nothing, so that the other fields are empty; None if it does.
    """

    releases: frozenset[str] = frozenset()
    since: datetime | None = None
    problem: str | None = None

    def until(self, release: str) -> str:
        """Return the releases that the pins held up to `release`, for people.

        For example `Flux 2.3.0 and 2.4.0, since 2024-05-01`.
        """
        some = sorted(
            {held for held in self.releases if _before(held, release)},
            key=stored_versions.key,
        )
        since = f", since {self.since:%Y-%m-%d}" if self.since else ""
        return f"Flux {', '.join(some)} and {release}{since}"

    def silent(self, release: str) -> str | None:
        """Return why the history does not tell which releases a cluster ran before `release`.

        None if it does. A history in which the pins never held an older release tells nothing: a
        repository that was imported yesterday looks like that, although its clusters may be years
        old.
        """
        if self.problem:
            return self.problem
        moved = any(_before(held, release) for held in self.releases)
        return None if moved else f"the pins held nothing before Flux {release}"

    def through(self, release: str) -> frozenset[str] | None:
        """Return the releases that a cluster at `release` may have run; None if `silent`."""
        return None if self.silent(release) else frozenset(self.releases)


def _before(earlier: str, release: str) -> bool:
    return stored_versions.key(earlier) < stored_versions.key(release)


def read(
    lineage: Lineage, inventories: Iterable[Inventory], scope: Scope, known: Collection[str]
) -> Past:
    """Read which releases the pins have held.

    Args:
        lineage: the function that returns what files have held.
        inventories: the inventories whose pins are followed into the past.
        scope: the scope of the search for pins.
        known: the releases whose CRDs are known.
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
    """Return the variables that pins take versions from. Their uses may be in other files."""
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
    """Whether a release is known, or newer than all known ones, and so no earlier release."""
    parsed = versions.parse(release)
    newest = max(map(stored_versions.key, known))
    return parsed is not None and (release in known or parsed > newest)


def _words(pin: Pin) -> str:
    what = "Flux" if pin.track == FLUX else "flux2"
    if pin.form is Form.EXACT:
        return f"{what} {pin.value}, of which too little is known"
    return f"no full version of {what}"
