"""Lists the files that may set a variable which another file uses. Pure.

Which files these are follows from the conventions of Terraform, Helm, helmfile, Ansible, Make and
shell, and from what the file includes by name.
"""

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
"""Suffixes of files with values for the variables of a Terraform module."""

Places = Sequence[Sequence[str]]
"""Paths of files that may set a variable, in groups by precedence.

The first group in which a file sets the variable decides.
"""

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
    """The paths of a tree, indexed by folder.

    The index is made once, because thousands of files may ask for the files beside them.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = sorted(paths)
        self._known = {*self._paths}
        self._inside: dict[str, list[str]] = {}
        for path in self._paths:
            self._inside.setdefault(dirname(path), []).append(path)
        self._modules = [path for path in self._paths if path.endswith((*MODULE, *VALUES))]
        self._kept: dict[tuple[str, str], list[str]] = {}

    def places(self, path: str, text: str, reference: Reference) -> Places:
        """Return the files that may set a variable, besides the file that uses it.

        Args:
            path: the path of the file that uses the variable.
            text: the text of that file, which may include other files by name.
            reference: the variable. Its scope matters here, its name does not.
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
        """Return the result of `find` for a folder, which is computed the first time."""
        if (find.__name__, folder) not in self._kept:
            self._kept[find.__name__, folder] = find(folder)
        return self._kept[find.__name__, folder]

    def _of_helmfile(self, folder: str, text: str) -> Places:
        """Return two groups: the values files that a helmfile lists, and those in its folder."""
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
        """Return the files with variables for the Ansible role or play that a folder belongs to."""
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
        """Return the files of `group_vars` and `host_vars` at any depth below the roles' parent."""
        if "roles" not in parts:
            return ()
        plays = "".join(f"{part}/" for part in parts[: parts.index("roles")])
        below = self._below(plays) if plays else self._paths
        return (path for path in below if any(f"/{var}" in path for var in _VARS))

    def _below(self, root: str) -> list[str]:
        """Return the paths below the folder `root`, which ends with a slash."""
        end = root[:-1] + chr(ord("/") + 1)
        return self._paths[bisect_left(self._paths, root) : bisect_left(self._paths, end)]


def paths_in(places: Mapping[str, Places]) -> set[str]:
    """Return the paths of all files in the groups of several files."""
    # Thousands of files may share a group, so each group is read once.
    shared = {id(group): group for groups in places.values() for group in groups}
    return {path for group in shared.values() for path in group}
