"""Decides the files that `fluxbump init` writes: configuration, hook, workflow. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

from msgspec import Struct

from fluxbump.config.settings import FILE
from fluxbump.forges.kinds import KINDS
from fluxbump.forges.kinds.kind import ForgeKind
from fluxbump.run import templates
from fluxbump.text.patterns import lazy_pattern

HOOK = ".pre-commit-config.yaml"
_PLACE = lazy_pattern("__(SOURCE|EXPORT|BRANCH)__")

FIRST = (FILE, HOOK, *(kind.workflow.path for kind in KINDS.values()))
"""The paths of all files that `fluxbump init` can write."""


class Beginning(Struct, frozen=True):
    """The facts about a repository from which its first files are made.

    Attributes:
        paths: the paths of its files and symbolic links.
        forge: the kind of forge that its remote's host is known for. None for any other host.
        charts: the names of its own charts that move with Flux.
        unreadable: the paths of files that may hold a pin and cannot be read.
        source: the requirement with which pip installs fluxbump. None if it is not known.
        branch: the name of the main branch.
        held: the texts of the files in `FIRST` that exist, by path.
    """

    paths: frozenset[str]
    forge: str | None
    charts: Sequence[str]
    unreadable: Sequence[str]
    source: str | None
    branch: str = "main"
    held: Mapping[str, str] = {}


class FirstFile(Struct, frozen=True):
    """A file to write, or the reason why it is not written.

    Attributes:
        path: the path of the file, or a name for it if the path is not known.
        text: the text to write.
        left: the reason why the file is not written. Empty if it is to be written.
        by_hand: whether the file exists, and the user has to add the text to it.
    """

    path: str
    text: str
    left: str = ""
    by_hand: bool = False


def first_files(known: Beginning) -> tuple[FirstFile, ...]:
    """Decide which files to write. A file that exists is not written again."""
    return tuple(_files(known))


def _files(known: Beginning) -> Iterator[FirstFile]:
    yield _unless_there(known, FILE, _configuration(known))
    hook = template("hook_installed" if known.source is None else "hook")
    yield _unless_there(known, HOOK, filled(hook, known.source or "", known.branch), shared=True)
    forge = KINDS[known.forge] if known.forge else _by_sign(known.paths)
    if forge is None:
        why = "the forge is not known (run `fluxbump check` in your CI)"
        yield FirstFile("the workflow", "", why)
        return
    path, text = forge.workflow.path, template(forge.workflow.template)
    if known.source is None:
        why = "use --source to say where CI installs fluxbump from: git+https://HOST/REPO"
        yield FirstFile(path, text, f"not written: {why}")
        return
    # Some forges take our workflow as a file of its own, others as a part of the team's file.
    text = filled(text, known.source, known.branch)
    yield _unless_there(known, path, text, shared="/" not in path)


def filled(text: str, source: str, branch: str) -> str:
    """Fill a template with values as JSON strings, which are valid YAML for any value.

    Args:
        text: a template from `template`.
        source: the requirement with which pip installs fluxbump.
        branch: the name of the main branch.
    """
    values = {
        "SOURCE": source,
        "EXPORT": f"export FLUXBUMP_SOURCE={shlex.quote(source)}",
        "BRANCH": branch,
    }
    return _PLACE.sub(lambda place: json.dumps(values[place[1]], ensure_ascii=False), text)


def template(name: str) -> str:
    """Return a template by its name, such as `github`.

    `__SOURCE__` is the place of the requirement for pip, `__EXPORT__` of the shell line that
    exports it, and `__BRANCH__` of the main branch.
    """
    return (files(templates) / f"{name}.yml").read_text(encoding="utf-8")


def _unless_there(known: Beginning, path: str, text: str, *, shared: bool = False) -> FirstFile:
    if path not in known.paths:
        return FirstFile(path, text)
    if not shared or "fluxbump check" in known.held.get(path, ""):
        return FirstFile(path, text, "the file exists, and fluxbump did not change it")
    return FirstFile(path, text, "the file exists, so add this to it yourself", by_hand=True)


def _by_sign(paths: frozenset[str]) -> ForgeKind | None:
    """Return the kind of forge whose CI files a repository has; a folder counts before a file."""
    by_telling = sorted(KINDS.values(), key=lambda kind: not kind.workflow.sign.endswith("/"))
    return next((kind for kind in by_telling if _has(kind.workflow.sign, paths)), None)


def _has(sign: str, paths: frozenset[str]) -> bool:
    return sign in paths or (sign.endswith("/") and any(path.startswith(sign) for path in paths))


def _configuration(known: Beginning) -> str:
    """Return the text of fluxbump.yaml, with the keys that matter for this repository."""
    lines = [
        "# How fluxbump works here. `fluxbump schema config` prints every key.",
        "# Without this file, fluxbump finds the pins by itself.",
    ]
    if known.charts:
        lines += [
            "",
            "# How fluxbump bumps the versions of your own charts: patch, minor, major, or none.",
            *(f"#   {json.dumps(name)}" for name in known.charts),
            "bump: patch",
        ]
    if known.unreadable:
        lines += [
            "",
            "# fluxbump cannot read these files. If no file of a line holds a pin, move the line",
            "# below `exclude:`.",
            "exclude: []",
            *(f"#   - {json.dumps(path)}" for path in known.unreadable),
        ]
    forge = _by_sign(known.paths)
    if known.forge is None and forge is not None and forge.workflow.tells:
        lines += [
            "",
            "# `fluxbump run` opens pull requests there: the host of the remote does not say what",
            "# it is, and the CI files do.",
            "run:",
            f"  forge: {forge.name}",
        ]
    return "\n".join(lines) + "\n"
