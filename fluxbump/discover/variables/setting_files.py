"""Which files may set a variable that another file uses. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from posixpath import basename, dirname, join

from fluxbump.discover.variables.references import Reference
from fluxbump.text.patterns import lazy_pattern

MODULE = (".tf", ".tofu")
"""Suffixes of the files of a Terraform module."""
VALUES = (".tfvars", ".tfvars.json")
"""Suffixes of files with values for the variables of one."""

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


class Folders:
    """The paths of a tree by their folders; thousands of files may ask what is beside them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = sorted(paths)
        self._known = {*self._paths}
        self._inside: dict[str, list[str]] = {}
        for path in self._paths:
            self._inside.setdefault(dirname(path), []).append(path)
        self._modules = [path for path in self._paths if path.endswith((*MODULE, *VALUES))]
        self._kept: dict[tuple[str, str], list[str]] = {}

    def places(self, path: str, text: str, reference: Reference) -> Places:
        """Return the files that may set a variable that a file uses, besides that file.

        Args:
            path: of the file with the use.
            text: of it.
            reference: to the variable; of it the scope alone counts.
        """
        folder = dirname(path)
        if reference.scope in ("var", "local"):
            return [self._once(self._terraform, folder), self._modules]
        if reference.scope == "Values" and _HELMFILE.search(path):
            return self._of_helmfile(folder, text)
        if reference.scope == "Values":
            chart = folder.partition("/templates")[0]
            return [self._once(self._values, chart)]
        beside = self._once(self._beside, folder)
        sourced = {join(folder, name) for name in _SOURCED.findall(text)}
        return [
            sorted((sourced & self._known) - {path}),
            self._once(self._of_role, folder),
            [other for other in beside if other != path] if path in beside else beside,
            self._once(self._modules_above, folder),
        ]

    def _once(self, find: Callable[[str], list[str]], folder: str) -> list[str]:
        """Find something of a folder the first time that it is asked for."""
        if (find.__name__, folder) not in self._kept:
            self._kept[find.__name__, folder] = find(folder)
        return self._kept[find.__name__, folder]

    def _of_helmfile(self, folder: str, text: str) -> Places:
        """The values that a helmfile lists, or else those beside it."""
        listed = {*_SOURCED.findall(text)}
        below = self._below(f"{folder}/") if folder else self._paths
        values = [path for path in below if path.endswith(_VALUES) and basename(path) in listed]
        return [values, self._once(self._values, folder)]

    def _terraform(self, folder: str) -> list[str]:
        inside = self._inside.get(folder, ())
        return [p for p in inside if p.endswith((*MODULE, *VALUES))]

    def _values(self, folder: str) -> list[str]:
        return [p for p in self._inside.get(folder, ()) if basename(p).startswith("values")]

    def _beside(self, folder: str) -> list[str]:
        return [p for p in self._inside.get(folder, ()) if _BESIDE.fullmatch(basename(p))]

    def _modules_above(self, folder: str) -> list[str]:
        above = {folder, dirname(folder), dirname(dirname(folder))}
        inside = [path for each in above for path in self._inside.get(each, ())]
        return sorted(path for path in inside if path.endswith(MODULE))

    def _of_role(self, folder: str) -> list[str]:
        """The defaults and variables of the Ansible role or play that a folder belongs to."""
        parts = folder.split("/")
        role = next((n for n, part in enumerate(parts) if n and part in _ROLE_PARTS), None)
        roots = (
            [f"{'/'.join(parts[:role])}/{part}/" for part in ("defaults", "vars")] if role else []
        )
        above = ["/".join(parts[:n]) for n in range(len(parts) + 1)]
        roots += [f"{root}/{var}".lstrip("/") for root in above for var in _VARS]
        found = {path for root in roots for path in self._below(root)}
        return sorted(found | {*self._of_inventories(parts)})

    def _of_inventories(self, parts: Sequence[str]) -> Iterable[str]:
        """The variables of inventories in the folder that the roles are in, however deep."""
        if "roles" not in parts:
            return ()
        plays = "".join(f"{part}/" for part in parts[: parts.index("roles")])
        below = self._below(plays) if plays else self._paths
        return (path for path in below if any(f"/{var}" in path for var in _VARS))

    def _below(self, root: str) -> list[str]:
        """Return the paths that begin with another one, which ends with a slash."""
        end = root[:-1] + chr(ord("/") + 1)
        return self._paths[bisect_left(self._paths, root) : bisect_left(self._paths, end)]


def paths_in(places: Mapping[str, Places]) -> set[str]:
    """Return all files that may set a variable of one of several files, by their paths."""
    # Thousands of files may share a group.
    shared = {id(group): group for groups in places.values() for group in groups}
    return {path for group in shared.values() for path in group}
