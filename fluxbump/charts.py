"""Which charts move with Flux: those that depend on the community's, and so on. Pure.

The wrappers are the charts that depend on the community's `flux2`, the umbrellas those that depend
on a bumped chart, up to a fixed point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fluxbump import yamltext
from fluxbump.errors import PinError
from fluxbump.escapes import unescaped
from fluxbump.model import FLUX2, Chart, Dependency, Location, Note
from fluxbump.pins.kind import Context
from fluxbump.textfile import TextFile

FILE = "Chart.yaml"


def called(name: str, paths: Iterable[str]) -> list[str]:
    """Return the paths of the files called `name`."""
    return [path for path in paths if path.endswith(name) and path.rpartition("/")[2] == name]


def read(
    texts: Mapping[str, TextFile], repositories: tuple[str, ...]
) -> tuple[dict[str, TextFile], tuple[Chart, ...]]:
    """Close over the dependencies of Chart.yaml files.

    Args:
        texts: the files, by path.
        repositories: where the community chart may come from.

    Returns:
        The files that matter (also those that might, but cannot be parsed), and the charts that
        move with Flux, each behind the charts that it depends on.

    Raises:
        PinError: two charts that move with Flux have the same name.
    """
    context = Context(repositories=repositories)
    known: dict[str, Chart] = {}
    candidates: dict[str, TextFile] = {}
    names = {FLUX2.name}
    while names:
        candidates |= {
            path: file
            for path, file in texts.items()
            if path not in candidates and any(name in unescaped(file.text) for name in names)
        }
        names = _close(candidates.values(), known, context)
    return candidates, tuple(_ordered(known))


def _close(files: Iterable[TextFile], known: dict[str, Chart], context: Context) -> set[str]:
    """Add to `known` the charts that depend on it; return the names that are new."""
    added: set[str] = set()
    for file in files:
        chart = _chart(file, context)
        if chart is None or (chart.name in known and known[chart.name].path == chart.path):
            continue
        if chart.wrapper or any(one.name in known for one in chart.dependencies):
            if chart.name in known:
                raise PinError(
                    f"two charts that move with Flux are called {chart.name}: "
                    f"{known[chart.name].path} and {chart.path}",
                    where=Location(chart.path, 1),
                    hint=f'exclude one of them in fluxbump.yaml: exclude: ["{chart.path}"]',
                )
            known[chart.name] = chart
            added.add(chart.name)
    return added


def _chart(file: TextFile, context: Context) -> Chart | None:
    root = file.documents[0].root
    name = yamltext.text_of(root, "name")
    if name is None:
        return None
    dependencies = tuple(
        Dependency(
            yamltext.text_of(entry, "name") or "",
            yamltext.text_of(entry, "version") or "",
            yamltext.text_of(entry, "repository") or "",
        )
        for entry in yamltext.items(yamltext.get(root, "dependencies"))
    )
    wrapper = any(
        one.name == FLUX2.name and context.is_community(one.repository) for one in dependencies
    )
    version = (yamltext.text_of(root, "version") or "").removeprefix("v")
    return Chart(name, file.path, version, dependencies, wrapper)


def _ordered(known: Mapping[str, Chart]) -> Iterator[Chart]:
    """Yield every chart behind the charts that it depends on."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[Chart]:
        if name in done or name not in known:
            return
        done.add(name)
        for dependency in known[name].dependencies:
            yield from visit(dependency.name)
        yield known[name]

    for name in sorted(known):
        yield from visit(name)


def foreign(files: Iterable[TextFile], repositories: tuple[str, ...]) -> Iterator[Note]:
    """Yield a remark on each dependency called flux2 that is not the community's.

    It may be a mirror of that, or another chart.
    """
    context = Context(repositories=repositories)
    for file in files:
        document = file.documents[0]
        for entry in yamltext.items(yamltext.get(document.root, "dependencies")):
            repository = yamltext.text_of(entry, "repository") or "nowhere"
            named = yamltext.text_of(entry, "name") == FLUX2.name
            if named and not context.is_community(repository):
                yield Note(
                    document.at(entry),
                    f"dependency flux2 comes from {repository}, not from the community: not "
                    "moved (if it is a mirror, list it under `repositories` in fluxbump.yaml)",
                )


def legacy(paths: Iterable[str]) -> Iterator[Note]:
    """Yield a remark on each file of Helm 2's dependencies."""
    for path in called("requirements.yaml", paths):
        yield Note(
            Location(path, 1),
            "dependencies of a Helm 2 chart are not read (move them to Chart.yaml)",
        )
