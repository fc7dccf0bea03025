"""Where git puts new objects: away from the repository's, for good or until they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fluxbump.errors import RepositoryError
from fluxbump.system import scratch


@contextmanager
def quarantine(objects: Path) -> Iterator[dict[str, str]]:
    """Give an environment in which new objects and the index go to a scratch directory."""
    with scratch.directory() as place:
        place.joinpath("objects").mkdir()
        yield _elsewhere(place / "objects", place / "index", objects)


@contextmanager
def incoming(objects: Path) -> Iterator[dict[str, str]]:
    """Give an environment whose new objects join the repository's when the block ends.

    Until then they lie beside them, as what `git receive-pack` receives, so whatever ends a
    run leaves no half-written pack among them. `git prune` knows the name, as we do.

    Raises:
        RepositoryError: the objects may not be written.
    """
    try:
        with scratch.directory("tmp_objdir-fluxbump-", objects) as place:
            yield _elsewhere(place, place / "index", objects)
            (place / "index").unlink(missing_ok=True)
            _join(place, objects)
    except PermissionError as error:
        raise RepositoryError(
            "cannot write git's objects: permission denied",
            where=os.fsdecode(error.filename or objects),
            hint="see its owner and permissions",
        ) from None


def _elsewhere(new: Path, index: Path, objects: Path) -> dict[str, str]:
    outer = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
    return {
        "GIT_OBJECT_DIRECTORY": str(new),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(
            [_quoted(str(objects)), *([outer] if outer else [])]
        ),
        "GIT_INDEX_FILE": str(index),
    }


def _join(new: Path, objects: Path) -> None:
    """Move new objects among the others; a pack's index, by which git finds it, comes last."""
    found = [path for path in new.rglob("*") if path.is_file()]
    for path in sorted(found, key=lambda path: (path.suffix == ".idx", path.name)):
        target = objects / path.relative_to(new)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            target.parent.chmod(path.parent.stat().st_mode)  # git has heeded core.sharedRepository
        if not target.exists():
            path.rename(target)


def _quoted(path: str) -> str:
    """Write a path the way GIT_ALTERNATE_OBJECT_DIRECTORIES wants one that holds a separator."""
    if os.pathsep not in path and not path.startswith('"'):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
