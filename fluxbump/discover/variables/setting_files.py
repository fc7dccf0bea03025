"""Which files may set a variable that another file uses. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import basename, dirname

from fluxbump.discover.variables.references import Reference
from fluxbump.text.patterns import lazy_pattern

MODULE = (".tf", ".tofu")
"""Suffixes of the files of a Terraform module."""
Places = Sequence[Sequence[str]]
"""Files that may set a variable, in groups: the first group in which one does so decides."""

_SOURCED = lazy_pattern(
    r"""^[ \t]*(?:source|\.|-?include|include_vars:|-)[ \t]+["']?(?:\S*[/}])?([\w.-]+)""",
    re.MULTILINE,
)
_BESIDE = lazy_pattern(
    r"(?:GNU)?[Mm]akefile|.*\.mk|\.env(?:\..*|rc)?|.*\.env|versions?(?:\.sh|\.ya?ml|\.mk)?"
)
_HELMFILE = lazy_pattern(r"(?:^|/)helmfile(?:\.d/|\.|[\w-]*\.ya?ml)")
_VALUES = (".yaml", ".yml", ".yaml.gotmpl", ".yml.gotmpl")
_ROLE_PARTS = frozenset({"tasks", "templates", "handlers", "files", "meta", "vars", "defaults"})
_VARS = ("group_vars/", "host_vars/")


def places(path: str, text: str, reference: Reference, paths: Sequence[str]) -> Places:
    """Return the files that may set a variable that `path` uses; the file itself is not among them.

    Args:
        path: of the file with the use.
        text: of it.
        reference: to the variable; of it the scope alone counts.
        paths: all files.
    """
    folder = dirname(path)
    if reference.scope in ("var", "local"):
        return _of_module(folder, paths)
    if reference.scope == "Values" and _HELMFILE.search(path):
        return _of_helmfile(folder, text, paths)
    if reference.scope == "Values":
        chart = folder.partition("/templates")[0]
        return [[p for p in paths if dirname(p) == chart and basename(p).startswith("values")]]
    near = [near_path for near_path in paths if dirname(near_path) == folder and near_path != path]
    sourced = set(_SOURCED.findall(text))
    above = {folder, dirname(folder), dirname(dirname(folder))}
    return [
        [near_path for near_path in near if basename(near_path) in sourced],
        _of_role(folder, paths),
        [near_path for near_path in near if _BESIDE.fullmatch(basename(near_path))],
        [module for module in paths if dirname(module) in above and module.endswith(MODULE)],
    ]


def _of_helmfile(folder: str, text: str, paths: Sequence[str]) -> Places:
    """The values that a helmfile lists, or else those beside it."""
    listed = set(_SOURCED.findall(text))
    below = [path for path in paths if path.startswith(f"{folder}/" if folder else "")]
    near = [p for p in paths if dirname(p) == folder and basename(p).startswith("values")]
    return [[path for path in below if basename(path) in listed and path.endswith(_VALUES)], near]


def _of_module(folder: str, paths: Sequence[str]) -> Places:
    """The files of a Terraform module, and the modules that may call it."""
    own = [path for path in paths if dirname(path) == folder and _is_terraform(path)]
    others = [path for path in paths if dirname(path) != folder and path.endswith(MODULE)]
    return [own, others]


def _is_terraform(path: str) -> bool:
    return path.endswith((*MODULE, ".tfvars", ".tfvars.json"))


def _of_role(folder: str, paths: Sequence[str]) -> list[str]:
    """The defaults and variables of the Ansible role or play that a folder belongs to."""
    parts = folder.split("/")
    role = next((n for n, part in enumerate(parts) if n and part in _ROLE_PARTS), None)
    roots = [f"{'/'.join(parts[:role])}/{part}/" for part in ("defaults", "vars")] if role else []
    above = ["/".join(parts[:n]) for n in range(len(parts) + 1)]
    roots += [f"{root}/{var}".lstrip("/") for root in above for var in _VARS]
    return [path for path in paths if path.startswith(tuple(roots))]
