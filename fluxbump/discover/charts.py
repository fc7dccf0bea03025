"""Finds the charts that fluxbump bumps with Flux: wrappers and umbrellas. Pure.

A wrapper is a chart that depends on the community's `flux2`. An umbrella is a chart that depends on
a wrapper or on another umbrella, so umbrellas are searched until no new one is found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from fluxbump.discover.copies_and_archives import holds_copies, is_copy
from fluxbump.discover.pins.kind import Context
from fluxbump.errors import PinError
from fluxbump.model import FLUX2, Chart, Dependency, Location
from fluxbump.text import yaml
from fluxbump.text.live_code import TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.yaml_escapes import unescaped

FILE = "Chart.yaml"
_IS_FLUX2 = lazy_pattern(r"""^name:[ \t]*["']?flux2["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)


def called(name: str, paths: Iterable[str]) -> list[str]:
    """Return those of the paths whose file has the name `name`, in any folder."""
    return [path for path in paths if path.endswith(name) and path.rpartition("/")[2] == name]


def forks(texts: Mapping[str, TextFile], moving: Iterable[Chart]) -> tuple[str, ...]:
    """Return the directories of the repository's own charts with the name flux2.

    A wrapper of that name is no fork, and neither is an unpacked dependency below another chart.

    Args:
        texts: the Chart.yaml files, by path.
        moving: the wrappers and umbrellas.
    """
    ours = {chart.path for chart in moving}
    found = (path for path, file in texts.items() if _IS_FLUX2.search(file.text))
    return tuple(
        path.removesuffix(FILE)
        for path in sorted(found)
        if path not in ours and not is_copy(path, texts.keys()) and "/" in path
    )


def read(
    texts: Mapping[str, TextFile], repositories: tuple[str, ...]
) -> tuple[dict[str, TextFile], tuple[Chart, ...]]:
    """Find the wrappers and umbrellas among Chart.yaml files.

    Args:
        texts: the Chart.yaml files, by path.
        repositories: the chart repositories that serve the community's chart.

    Returns:
        The files that name such a chart (also those that cannot be parsed), by path, and the
        wrappers and umbrellas, each behind the charts that it depends on.

    Raises:
        PinError: two charts that move with Flux have the same name.
    """
    context = Context(repositories=repositories)
    known: dict[str, Chart] = {}
    candidates: dict[str, TextFile] = {}
    charts: dict[str, Chart | None] = {}
    left = {path: unescaped(file.text) for path, file in texts.items()}
    names = {FLUX2.name}
    while names:
        new = [path for path, text in left.items() if any(name in text for name in names)]
        for path in new:
            del left[path]
            candidates[path] = texts[path]
            charts[path] = read_one(texts[path], context)
        names = _close(charts.values(), known, texts.keys())
    return candidates, tuple(_ordered(known))


def _close(
    charts: Iterable[Chart | None], known: dict[str, Chart], paths: Collection[str]
) -> set[str]:
    """Add the wrappers, and the charts that depend on a known one, to `known`.

    Returns:
        The names of the charts that were added.

    Raises:
        PinError: two charts have the same name.
    """
    added: set[str] = set()
    for chart in charts:
        if chart is None or (chart.name in known and known[chart.name].path == chart.path):
            continue
        if chart.wrapper or any(dependency.name in known for dependency in chart.dependencies):
            if chart.name in known:
                raise _twice(known[chart.name], chart, paths)
            known[chart.name] = chart
            added.add(chart.name)
    return added


def _twice(chart: Chart, other: Chart, paths: Collection[str]) -> PinError:
    """Make the error about two charts of one name; it names the copy if the paths tell which."""
    copies = [path for path in (chart.path, other.path) if is_copy(path, paths)]
    hint = "rename one of them, or exclude the one that is a copy in fluxbump.yaml"
    if len(copies) == 1:
        hint = f'exclude the copy in fluxbump.yaml: exclude: ["{copies[0]}"]'
        if not holds_copies(copies[0]):  # vendored, so it is shipped
            hint += (
                f', leave_excluded: ["{copies[0]}"] (and vendor it again: helm dependency update)'
            )
    return PinError(
        f"two charts that move with Flux have the name {chart.name}",
        where=Location(copies[0] if len(copies) == 1 else other.path, 1),
        facts=[chart.path, other.path],
        hint=hint,
    )


def read_one(file: TextFile, context: Context) -> Chart | None:
    """Read a Chart.yaml; None if it has no `name`."""
    root = file.documents[0].root
    name = yaml.text_of(root, "name")
    if name is None:
        return None
    dependencies = tuple(
        Dependency(
            yaml.text_of(entry, "name") or "",
            yaml.text_of(entry, "version") or "",
            yaml.text_of(entry, "repository") or "",
        )
        for entry in yaml.items(yaml.get(root, "dependencies"))
    )
    wrapper = any(
        dependency.name == FLUX2.name and context.is_community(dependency.repository)
        for dependency in dependencies
    )
    version = (yaml.text_of(root, "version") or "").removeprefix("v")
    return Chart(name, file.path, version, dependencies, wrapper)


def _ordered(known: Mapping[str, Chart]) -> Iterator[Chart]:
    """Yield each chart behind the charts that it depends on."""
    done: set[str] = set()
    for name in sorted(known):
        waiting = [(name, False)]
        while waiting:
            current, is_left = waiting.pop()
            if is_left:
                yield known[current]
            elif current in known and current not in done:
                done.add(current)
                waiting.append((current, True))
                needed = [dependency.name for dependency in known[current].dependencies]
                waiting += [(needed_name, False) for needed_name in reversed(needed)]
