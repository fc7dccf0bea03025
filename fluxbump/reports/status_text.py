"""The text of `fluxbump status` and `fluxbump releases`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from fluxbump.check import rules
from fluxbump.check.rules.rule import Trait
from fluxbump.check.status import Listed, Survey
from fluxbump.discover import release_installs
from fluxbump.discover.pins import traits
from fluxbump.discover.tracks import installs, moves
from fluxbump.flux import controller_images
from fluxbump.flux import releases as resolve
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import (
    FLUX,
    FLUX2,
    Finding,
    Form,
    Location,
    Pin,
    Role,
    Severity,
    Step,
    Track,
    TrackKind,
    Unreadable,
)
from fluxbump.reports import next_steps
from fluxbump.reports.index_source import index_line, known_until
from fluxbump.reports.table import (
    SEVERITY_STYLES,
    Paint,
    Styles,
    printable,
    room,
    section,
    table,
)
from fluxbump.reports.text import findings, note_lines

_OPERATOR_STAYS = "flux-operator (--operator moves it)"
_TELLING = 32  # characters of a path, at least, if there are roles beside it
_HEADER = ("PIN", "KIND", "ROLE", "TRACK", "HOLDS", "STATE")
_ROLE = _HEADER.index("ROLE")


def status(view: Survey, steps: Sequence[Step], paint: Paint, now: datetime) -> str:
    """Return a table of the pins, the findings, whether the pins agree, and the next steps.

    Args:
        view: the pins of the repository, and whether they agree.
        steps: the commands to type next.
        paint: colors, and the width of the terminal.
        now: the current time, with a time zone, for the age of the chart index.
    """
    marks = _marks(view)
    rows = [
        (
            str(p.location),
            p.kind,
            p.role.value,
            str(p.track),
            p.value or "-",
            marks.get(p.location, _state(p, view)),
        )
        for p in view.inventory.pins
    ]
    header, *narrowed = _narrowed([_HEADER, *rows], paint.width)
    lines = [*table(header, narrowed, paint, _state_styles(view)), ""]
    lines += findings(view.findings, paint)
    lines += section("Cannot be read", [_unreadable(u) for u in view.inventory.unreadable], paint)
    notes = view.inventory.notes
    lines += section("Notes", note_lines(notes), paint, len(notes))
    if view.newest is not None:
        which = " with a chart" if view.needs_chart else ""
        until = known_until(view.index) if view.index else ""
        lines.append(f"Newest release{which}{until}: {resolve.describe(view.newest)}")
    if view.index is not None:
        lines.append(index_line(view.index, now))
    lines += [
        *_moving(view),
        "",
        *_verdict(view, paint),
        *next_steps.lines(steps, paint.width),
    ]
    return "\n".join(lines).rstrip("\n")


def _marks(view: Survey) -> Mapping[Location, str]:
    """Return the code of the first rule that has a finding about each place.

    A warning about a tool or a reference that differs does not mark the pin that installs Flux,
    because that pin is right.
    """
    installing = {pin.location for pin in view.inventory.pins if pin.role is Role.INSTALLS}
    marks: dict[Location, str] = {}
    for finding in view.findings:
        sides = {other.location for other in finding.related}
        if finding.severity is not Severity.ERROR:
            sides -= installing
        for place in (finding.location, *sides):
            marks.setdefault(place, finding.code)
    return marks


def _narrowed(rows: Sequence[tuple[str, ...]], width: int | None) -> list[tuple[str, ...]]:
    """Leave out the column of roles if it makes the paths too short to be useful on a terminal."""
    if width is None or room(rows, 0, width) >= _TELLING:
        return [*rows]
    return [(*row[:_ROLE], *row[_ROLE + 1 :]) for row in rows]


def _state_styles(view: Survey) -> Styles:
    """Return the color of each state. A code has the color of its worst finding."""
    styles = {"ok": ("green",), "?": ("yellow",)}
    for severity in (Severity.NOTE, Severity.WARNING, Severity.ERROR):
        for finding in view.findings:
            if finding.severity is severity:
                styles[finding.code] = (SEVERITY_STYLES[severity],)
    return styles


def _moving(view: Survey) -> list[str]:
    """Say which pins a bump moves. Empty without pins, or if an unreadable file stops bumps."""
    if view.inventory.unreadable or not view.inventory.pins:
        return []
    return [moving(view.inventory.pins)]


def moving(pins: Sequence[Pin]) -> str:
    """Return a line that says how many pins a bump moves, and which it only compares."""
    stay = [pin for pin in pins if not moves(pin)]
    places = "place" if len(pins) == 1 else "places"
    moved = len(pins) - len(stay)
    if not stay:
        every = "the" if moved == 1 else "all"
        return f"fluxbump to VERSION moves {every} {moved} {places}"
    why = Counter(_OPERATOR_STAYS if p.role is Role.OPERATOR else str(p.form) for p in stay)
    said = ", ".join(f"{count} {what}" for what, count in sorted(why.items()))
    counted = f"fluxbump to VERSION moves {moved} of {len(pins)} {places}"
    return f"{counted}, and only compares {said}"


def _verdict(view: Survey, paint: Paint) -> list[str]:
    installed, chart = view.current.get(FLUX), view.current.get(FLUX2)
    ships = view.chart_release
    installed = installed or _inexact(view, FLUX)
    shipping = f"{chart} ships Flux {ships or '?'}" if chart else _inexact(view, FLUX2)
    who = _installer(view)
    facts = [
        _installing(view, f"{who} installs Flux {installed}")
        if installed and who
        else "no install URL",
        f"chart flux2 {shipping}" if shipping else "no chart",
    ]
    said = ", and ".join(facts) if installed or shipping else _beside(view)
    wrong = [finding for finding in view.findings if finding.severity is Severity.ERROR]
    if any(finding.code in rules.having(Trait.ESSENTIAL) for finding in wrong):
        over = f"over what {who} installed " if who else "of one release over another "
        warning = f"MISMATCH: applying the chart {over}can destroy Flux"
        return [paint(warning, "bold", "red"), paint(said, "red")]
    if wrong:
        return [paint(_fault(view, wrong), "bold", "red"), said]
    if view.problem:
        what = paint("Not checked against the chart index", "bold", "yellow")
        return [f"{what}: {view.problem}", said]
    if view.loose:
        return [paint(_not_exact(view), "bold", "yellow"), said]
    color = "yellow" if _warned(view) else "green"
    return [paint(f"The pins{_of_each(view)} agree{_warned(view)}", "bold", color), said]


def _fault(view: Survey, wrong: Sequence[Finding]) -> str:
    """Return the headline about errors: pins disagree, are not exact, or could not be read."""
    unread = {unreadable.location for unreadable in view.inventory.unreadable}
    if all(finding.location in unread for finding in wrong):
        return "Not all files could be read, so the pins may disagree"
    loose = {pin.location for pin in view.loose}
    if all(finding.location in loose and not finding.related for finding in wrong):
        return "Pins hold no exact version, so each install can take another release"
    return "The pins disagree"


def _warned(view: Survey) -> str:
    """Return the number of warnings as `, with 2 warnings`; empty if there are none."""
    count = sum(finding.severity is Severity.WARNING for finding in view.findings)
    return f", with {count} warning{'s' if count > 1 else ''}" if count else ""


def _of_each(view: Survey) -> str:
    """Return ` of each environment` if clusters are at several releases, else an empty text."""
    releases = {pin.value for pin in release_installs.exact(view.inventory)}
    return " of each environment" if len(releases) > 1 else ""


def _installing(view: Survey, agreed: str) -> str:
    """Say what installs which release. The result is `agreed` if all exact pins agree."""
    held: dict[str, set[str]] = {}
    for pin in release_installs.exact(view.inventory):
        held.setdefault(release_installs.name(pin, view.inventory.files), set()).add(pin.value)
    floats = {} if held else _floating(view)
    values = {value for some in (held or floats).values() for value in some}
    if len(values) == 1:
        return f"{min(floats)} installs Flux {values.pop()}" if floats else agreed
    return ", ".join(
        f"{who} installs Flux {' and '.join(sorted(releases))}"
        for who, releases in sorted((held or floats).items())
    )


def _floating(view: Survey) -> dict[str, set[str]]:
    """Return the inexact versions that each source installs, by its name.

    A variable counts only if there is no other source.
    """
    pins = release_installs.sources(view.inventory)
    held: dict[str, set[str]] = {}
    for pin in [pin for pin in pins if pin.form is not Form.VARIABLE] or pins:
        said = f"{printable(pin.value)} ({pin.form})".lstrip()
        held.setdefault(release_installs.name(pin, view.inventory.files), set()).add(said)
    return held


def _beside(view: Survey) -> str:
    """Return what is known of the release if no pin installs one: by controllers, or other pins."""
    controllers = controller_images.installed(view.inventory)
    if controllers is not None:
        return f"the controllers are those of Flux {' or '.join(controllers[1])}"
    pins = [pin for pin in view.inventory.pins if pin.track == FLUX]
    held = sorted({printable(pin.value) for pin in pins if pin.value})
    if not held:
        return "no Flux version found"
    return f"nothing here installs Flux, and tools and references hold {', '.join(held)}"


def _installer(view: Survey) -> str | None:
    """Return the name of what installs Flux; None if nothing does."""
    files = view.inventory.files
    names = {release_installs.name(pin, files) for pin in release_installs.sources(view.inventory)}
    if len(names) > 1 and all(
        p.kind in traits.INSTALL_URL for p in release_installs.sources(view.inventory)
    ):
        return "the install URL"
    return next(iter(sorted(names)), None)


def _not_exact(view: Survey) -> str:
    """Return the headline for pins without errors of which some hold no full version."""
    first, exact = view.loose[0], any(pin.form is Form.EXACT for pin in view.inventory.pins)
    more = f", and {len(view.loose) - 1} more" if view.loose[1:] else ""
    agree = f"The exact pins{_of_each(view)} agree{_warned(view)}"
    said = agree if exact else "No pin is exact, so nothing was compared"
    return f"{said} (not exact: {first.location}, {first.form.value}{more})"


def _inexact(view: Survey, track: Track) -> str | None:
    """Return the first inexact version that installs a track: `latest (unpinned)`. None if none."""
    pins = [pin for pin in installs(view.inventory.pins, track) if pin.form is not Form.EXACT]
    first = next((pin for pin in pins if pin.form is not Form.VARIABLE), pins[0] if pins else None)
    return f"{printable(first.value)} ({first.form})".lstrip() if first else None


def _state(pin: Pin, view: Survey) -> str:
    """Return the state of a pin without a finding: its form, `ok`, or `?` if it was not checked."""
    if pin.form is not Form.EXACT:
        return str(pin.form.value)
    # Versions of a chart of this repository are compared with each other, without an index.
    return "?" if view.problem and pin.track.kind is not TrackKind.CHART else "ok"


def _unreadable(unreadable: Unreadable) -> str:
    return f"{unreadable.location}  {printable(unreadable.message)}"


def releases(
    rows: Sequence[Listed], index: ChartIndex, steps: Sequence[Step], paint: Paint, now: datetime
) -> str:
    """Return a table of the Flux releases with their charts, then the index and the next steps.

    `now` has a time zone.
    """
    cells = [
        (
            str(row.best.app_version),
            str(row.best.version),
            f"{row.best.created:%Y-%m-%d}" if row.best.created else "-",
            ", ".join(version for version in row.charts if version != str(row.best.version)) or "-",
            f"<- {' and '.join(row.here)}" if row.here else "",
        )
        for row in rows
    ]
    lines = table(("RELEASE", "CHART", "DATE", "OTHER CHARTS", "HERE"), cells, paint)
    lines += ["", *section("Left out of the index", index.problems, paint)]
    lines += [index_line(index, now), *next_steps.lines(steps, paint.width)]
    return "\n".join(lines).rstrip("\n")
