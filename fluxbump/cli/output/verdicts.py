"""Writes the verdict of a check to its formats and files, and applies the baseline file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.errors import OutputError, UsageError
from fluxbump.reports.formats.registry import FORMATS, load

if TYPE_CHECKING:
    from fluxbump.check.check import Examined
    from fluxbump.check.evidence import Evidence
    from fluxbump.check.verdict import Verdict
    from fluxbump.cli.comparison import MergedEntries
    from fluxbump.cli.console import Console
    from fluxbump.cli.output.passing_bump import TriedFrom
    from fluxbump.helm.chart_releases import ChartIndex
    from fluxbump.model import Step
    from fluxbump.reports.table import Paint
    from fluxbump.reports.verbosity import View

_TEXT, _GITHUB, _HTML = "text", "github", "html"


class Sink(Struct, frozen=True):
    """A format of the verdict, and the place that it is written to.

    Attributes:
        format: the name of the format.
        file: the file to write. None for standard output.
    """

    format: str
    file: Path | None


def sinks(asked: Sequence[str], file: Path | None) -> tuple[Sink, ...]:
    """Read the values of `--output`: `FORMAT` or `FORMAT=FILE`. Without any, the format is text.

    Args:
        asked: the values as typed.
        file: the place of a format without a file of its own. None for standard output.

    Raises:
        UsageError: a format is unknown, or two formats would go to one place.
    """
    found = []
    for value in asked or [_TEXT]:
        name, equals, path = value.partition("=")
        if name not in FORMATS:
            raise UsageError(f"no format is called {name!r}", hint=f"one of {', '.join(FORMATS)}")
        if equals and not path:
            raise UsageError(
                f"--output {value} names no file", hint=f"such as {name}=report.{name}"
            )
        found.append(Sink(name, Path(path) if path else file))
    if file is not None and not any(sink.file == file for sink in found):
        raise UsageError("--output-file, but every --output has a file of its own")
    places = [sink.file for sink in found]
    for place in places:
        if places.count(place) > 1:
            where = "standard output" if place is None else str(place)
            raise UsageError(
                f"two formats would go to {where}", hint="give one a file: --output FORMAT=FILE"
            )
    return tuple(found)


def say(
    verdict: Verdict,
    where: Sequence[Sink],
    view: View,
    steps: Sequence[Step],
    console: Console,
    *,
    about: Evidence,
) -> None:
    """Print a verdict, and write it to its files and to the summary page.

    Args:
        verdict: the result of the check.
        where: the formats with their places.
        view: the details that the text shows.
        steps: the commands to type next.
        console: takes the formats for standard output.
        about: the evidence that was checked, for the pins that a page draws.

    Raises:
        OutputError: a file cannot be written.
    """
    for sink in where:
        if sink.format == _HTML:
            text = _page(verdict, steps, about)
        else:
            paint = console.paint() if sink.file is None else None
            text = _rendered(verdict, sink.format, view, steps, paint)
        if sink.file is None:
            # Commands for GitHub's runner are printed as they are. All else is made harmless.
            show = {_GITHUB: console.commands, _TEXT: console.report}
            show.get(sink.format, console.result)(text)
        else:
            _write(sink.file, f"{text}\n")
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        console.summary_page(f"{_rendered(verdict, 'markdown', view, steps)}\n")


def _rendered(
    verdict: Verdict, name: str, view: View, steps: Sequence[Step], paint: Paint | None = None
) -> str:
    from fluxbump.check.rules import RULES
    from fluxbump.reports.formats import text
    from fluxbump.reports.table import Paint

    paint = paint or Paint(enabled=False)
    if name == _TEXT:
        return text.render(verdict, RULES, paint, steps, view=view)
    return load(name).render(verdict, RULES, paint, steps)


def _page(verdict: Verdict, steps: Sequence[Step], about: Evidence) -> str:
    from fluxbump.check.rules import RULES
    from fluxbump.reports.formats import html
    from fluxbump.reports.html.pins import judged
    from fluxbump.reports.table import Paint

    return html.render(verdict, RULES, Paint(enabled=False), steps, pins=judged(verdict, about))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:  # a name may hold what no path can
        why = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"cannot write the report: {why}", where=str(path)) from None


# --- the baseline file -------------------------------------------------------------------------


def with_baseline(
    verdict: Verdict,
    read: Path | None,
    written: Path | None,
    merged: MergedEntries | None,
    console: Console,
) -> Verdict:
    """Remove the findings that a baseline file accepts, after writing the file if asked to.

    Args:
        verdict: the verdict with all findings.
        read: the file to read. None if there is none, or if it is written.
        written: the file to write with the current findings. None writes none.
        merged: the entries of the file at the base. None if the file is not compared with a base.
        console: takes the note about a written file.

    Raises:
        UsageError: the file cannot be read, or is no baseline file.
        OutputError: the file cannot be written.
    """
    from fluxbump.check import baseline_file

    path = written or read
    if path is None:
        return verdict
    if written is not None:
        _write(written, baseline_file.text(verdict.findings))
        number = len(verdict.findings)
        what = "1 finding" if number == 1 else f"{number} findings"
        console.note(f"{written} accepts {what} (commit it, and use --baseline {written})")
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"the baseline file cannot be read: {why}",
            where=str(path),
            hint=f"write it: fluxbump check --write-baseline {path}",
        ) from None
    entries = baseline_file.parse(data, str(path))
    if merged is not None and written is None:
        applied = not merged.counts
        new = baseline_file.added(merged.entries, entries, str(path), applied=applied)
        entries = entries if applied else baseline_file.held_to(merged.entries, entries)
        verdict = replace(verdict, new_suppressions=(*new, *verdict.new_suppressions))
    return baseline_file.applied(verdict, entries, str(path))


# --- what comes next ---------------------------------------------------------------------------


def after_check(
    verdict: Verdict,
    examined: Examined,
    index: ChartIndex | None,
    place: TriedFrom,
    *,
    editable: bool,
) -> list[Step]:
    """Return the commands to type after a check, for the same repository and sources.

    Args:
        verdict: the result of the check.
        examined: the evidence that was checked.
        index: the chart index. None if it is not available.
        place: the place where a bump is tried.
        editable: whether the working tree was checked, so that a fix can edit it.
    """
    from fluxbump.cli.output import typed_command
    from fluxbump.cli.output.passing_bump import is_uncommitted, options_for
    from fluxbump.reports.check_steps import Followup, steps

    if not verdict.findings:
        return []
    release = _release_for_all(verdict, examined, index)
    options = options_for(release, place) if release else ()
    release = release if options is not None else None
    installed = None if release else _installed(examined, index)
    moved = {finding.location.path for finding in verdict.findings if finding.fix}
    uncommitted = installed is not None and bool(moved) and is_uncommitted(place, moved)
    after = Followup(editable, release, options or (), installed, uncommitted)
    return typed_command.placed(steps(verdict, after))


def _installed(examined: Examined, index: ChartIndex | None) -> str | None:
    """Return the installed release if `fluxbump to` accepts it as the target, else None."""
    from fluxbump.bump.planning.plan import Options, plan
    from fluxbump.discover.tracks import available
    from fluxbump.errors import FluxbumpError
    from fluxbump.text import versions

    evidence = examined.evidence
    held = versions.parse(evidence.installed or "")
    goal = available(evidence.inventory, index).goal(held) if held and index else None
    if goal is None or index is None:
        return None
    try:
        plan(evidence.inventory, goal, index, Options())
    except FluxbumpError:
        return None
    return evidence.installed


def _release_for_all(verdict: Verdict, examined: Examined, index: ChartIndex | None) -> str | None:
    """Return the release to which all pins should move. None if it is not known.

    It is the newest release that a pin holds, so that no pin goes down.
    """
    from fluxbump.check.newest_safe import refusals
    from fluxbump.check.rules import having
    from fluxbump.check.rules.rule import Trait
    from fluxbump.discover import release_installs
    from fluxbump.discover.tracks import available, installs
    from fluxbump.model import FLUX2
    from fluxbump.text import versions

    agreement = having(Trait.AGREEMENT)
    if index is None or not any(error.code in agreement for error in verdict.errors):
        return None
    evidence = examined.evidence
    held = [pin.value for pin in release_installs.exact(evidence.inventory)]
    shipped = (evidence.shipped(pin)[0] for pin in installs(evidence.inventory.pins, FLUX2))
    known = [versions.parse(release) for release in (*held, *shipped) if release]
    newest = max((version for version in known if version is not None), default=None)
    goal = available(evidence.inventory, index).goal(newest) if newest else None
    if goal is None or refusals(evidence, goal):
        return None
    return str(newest)
