"""The rule that comments and documents name no outdated version as current (FB120)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from fluxbump.check.rules.rule import Danger, Evidence, Outcome, Rule, Trait, optional
from fluxbump.discover.mentions import history_texts, mapping_rows, marked_rows, statements
from fluxbump.discover.tracks import current
from fluxbump.discover.urls import install_manifests
from fluxbump.model import FLUX, FLUX2, Finding, Location, Severity, Track
from fluxbump.text.live_code import TextFile


def stale_mention(evidence: Evidence) -> Iterator[Outcome]:
    """Check that what comments and documents say of the present versions is true (FB120)."""
    held, index = current(evidence.inventory), optional(evidence.index) or {}
    app_versions = {
        version: str(chart_release.app_version) for version, chart_release in index.items()
    }
    every = statements.held(evidence.inventory, app_versions)
    reader = statements.reader(every, app_versions)
    texts = {**evidence.inventory.files, **evidence.inventory.others}
    pinned: dict[str, set[int]] = {}
    for pin in evidence.inventory.pins:
        pinned.setdefault(pin.location.path, set()).add(pin.start)
    for path, text in sorted(texts.items()):
        if history_texts.is_history(path):
            continue
        file = TextFile(path, text)
        said = {
            **dict(_statements(file, reader, every)),
            **dict(_urls(file, held, pinned.get(path, set()))),
            **dict(_wrong_rows(file, app_versions)),
            **dict(_rows(file, held, app_versions)),
        }
        for where, message in sorted(said.items()):
            yield Finding("FB120", Severity.WARNING, message, where)


Said = Iterator[tuple[Location, str]]


def _urls(file: TextFile, held: Mapping[Track, str], pinned: Collection[int]) -> Said:
    release = held.get(FLUX)
    if release is None or install_manifests.PATH not in file.text:
        return
    for match in install_manifests.URL.finditer(file.text):
        if match.end("tag") - len((match["tag"] or "").removeprefix("v")) in pinned:
            continue  # other rules judge what installs
        tag = (match["tag"] or "").removeprefix("v")
        if tag and tag[:1].isdigit() and tag != release and not file.is_live(match.start()):
            where = _line(file, match.start())
            yield where, f"names the install URL of {tag}, but Flux {release} is installed"


def _rows(file: TextFile, held: Mapping[Track, str], app_versions: Mapping[str, str]) -> Said:
    release, chart = held.get(FLUX), held.get(FLUX2)
    known = [f"Flux {release}"] * bool(release) + [f"flux2 {chart}"] * bool(chart)
    for row in marked_rows.marked_rows(file, app_versions):
        if release not in (None, row.release) or chart not in (None, row.chart):
            marked = f"Flux {row.release} (flux2 {row.chart})"
            now = " and ".join(known)
            yield _line(file, row.start), f"marks {marked} as current, but the pins hold {now}"


def _wrong_rows(file: TextFile, app_versions: Mapping[str, str]) -> Said:
    for row in mapping_rows.wrong_rows(file, app_versions):
        message = (
            f"pairs flux2 {row.chart} with Flux {row.release}, but that chart ships {row.shipped}"
        )
        yield _line(file, row.start), message


def _statements(
    file: TextFile, reader: statements.Reader, held: Mapping[Track, tuple[str, ...]]
) -> Said:
    """Yield the sentences that state another present version of a track than it has."""
    for said in statements.stale(file, reader, held):
        now = " and ".join(held[said.track])
        yield (
            _line(file, said.start),
            f"says that {said.track} is {said.value} now, but it is {now}",
        )


def _line(file: TextFile, offset: int) -> Location:
    return Location(file.path, file.location(offset).line)


RULES = (
    Rule(
        "FB120",
        "stale-mention",
        Severity.WARNING,
        "Comments and documents must not name an outdated version as current.",
        stale_mention,
        traits=frozenset({Trait.LISTED}),
        danger=Danger.TELLS,
    ),
)
