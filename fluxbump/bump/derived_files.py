"""Updates the files that follow from the pins: Chart.lock and vendored archives. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from fluxbump.bump.changes import Plan
from fluxbump.bump.edit import edits_of
from fluxbump.errors import PinError
from fluxbump.git.text_reader import text_of
from fluxbump.helm import archive, lock
from fluxbump.model import FLUX, FLUX2, Chart, Inventory, Location, Note, Snapshot
from fluxbump.text.live_code import encode
from fluxbump.text.splice import edited, splice


def locks(
    snapshot: Snapshot, inventory: Inventory, plan: Plan, generated: datetime
) -> dict[str, bytes | None]:
    """Return the new content of each Chart.lock beside a rewritten Chart.yaml, by path.

    Args:
        snapshot: the files before the bump.
        inventory: has the charts, and the texts of their Chart.yaml.
        plan: the changes of the pins.
        generated: the time that a new lock states as `generated`.

    Raises:
        PinError: a lock did not match its Chart.yaml before the bump.
    """
    texts = edited(inventory.files, edits_of(plan, inventory.files))
    changed: dict[str, bytes | None] = {}
    for chart, path, before in _locked(snapshot, inventory):
        if chart.path not in texts:
            continue
        edits = lock.relock(
            chart_path=chart.path,
            chart_text=texts[chart.path],
            lock_path=path,
            lock_text=before,
            moved=_targets(chart, plan),
            generated=generated,
        )
        if edits:
            changed[path] = encode(splice(before, edits))
    return changed


def _locked(snapshot: Snapshot, inventory: Inventory) -> Iterator[tuple[Chart, str, str]]:
    known = set(snapshot.paths())
    for chart in inventory.charts:
        path = f"{chart.directory}Chart.lock"
        if path in known:
            yield chart, path, text_of(snapshot, path)


def _targets(chart: Chart, plan: Plan) -> dict[str, str]:
    """Map the dependencies of a chart that have a target to their versions after the bump."""
    targets = {track.name: new for track, new in plan.targets.items() if track != FLUX}
    return {d.name: targets[d.name] for d in chart.dependencies if d.name in targets}


def vendored(snapshot: Snapshot, inventory: Inventory, plan: Plan) -> dict[str, str]:
    """Map the path of each vendored `flux2` archive to replace to the path of the new archive.

    Raises:
        PinError: the archive is a Git LFS pointer, or the chart is vendored as a directory.
    """
    new = plan.targets.get(FLUX2)
    if new is None:
        return {}  # the plan has no version of the chart
    found: dict[str, str] = {}
    nested = [path for path in snapshot.paths() if "charts/" in path]
    for chart in inventory.charts:
        if not chart.wrapper:
            continue
        folder = f"{chart.directory}charts/"
        for path in nested:
            if path.startswith(folder):
                _refuse_unpacked(path, folder, snapshot, new)
                name = path.removeprefix(folder)
                target = f"{folder}flux2-{new}.tgz"
                if _is_archive(name) and path != target:
                    _refuse_lfs(path, snapshot)
                    found[path] = target
    return found


def _is_archive(name: str) -> bool:
    rest = name.removeprefix("flux2-")
    return rest != name and rest[:1].isdigit() and name.endswith(".tgz")


def _refuse_unpacked(path: str, folder: str, snapshot: Snapshot, version: str) -> None:
    if path != f"{folder}flux2/Chart.yaml":
        return
    held = next(
        (line for line in text_of(snapshot, path).splitlines() if line.startswith("version:")),
        "",
    )
    if held.removeprefix("version:").strip(" \"'") != version:
        raise PinError(
            "flux2 is vendored as a directory, which fluxbump does not rewrite",
            where=Location(path, 1),
            facts=[f"replace {folder}flux2/ with an archive, or remove it"],
            hint="run `helm dependency update` then",
        )


def _refuse_lfs(path: str, snapshot: Snapshot) -> None:
    if archive.lfs_pointer(snapshot.read(path)):
        raise PinError(
            "the vendored archive is a Git LFS pointer",
            where=Location(path, 1),
            facts=["fluxbump writes no LFS objects"],
            hint="vendor it without LFS, or remove it and let `helm dependency build` fetch it",
        )


def left_behind(snapshot: Snapshot, inventory: Inventory, plan: Plan) -> Iterator[Note]:
    """Yield a note for each file that `helm dependency update` must renew after the bump.

    These are archives of the repository's own charts, and locks whose Chart.yaml holds a range.
    """
    rewritten = {change.pin.location.path for change in plan.changes}
    for chart, path, text in _locked(snapshot, inventory):
        moves = {n: v for n, v in _targets(chart, plan).items() if v not in text}
        if chart.path not in rewritten and moves:
            yield Note(
                Location(path, 1),
                f"does not hold {_listed(moves)}, which Chart.yaml admits",
                advice=f"Run `{_update(chart)}` after the chart is published",
            )
    yield from _archives_left(snapshot, inventory, plan)


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _update(chart: Chart) -> str:
    return f"helm dependency update {chart.directory.rstrip('/') or '.'}"


def _archives_left(snapshot: Snapshot, inventory: Inventory, plan: Plan) -> Iterator[Note]:
    moved = {chart.name for chart in inventory.charts if plan.targets[chart.track] != chart.version}
    archives = [path for path in snapshot.paths() if path.endswith(".tgz")]
    for chart in inventory.charts:
        folder = f"{chart.directory}charts/"
        for path in archives:
            name = path.removeprefix(folder).rsplit("-", 1)[0]
            if path.startswith(folder) and name in moved:
                yield Note(
                    Location(path, 1),
                    f"vendored archive of {name}, whose version changes",
                    advice=f"Run `{_update(chart)}`",
                )
