"""Variables that are called after a Flux release, also if nothing here is seen to use them. Pure.

A workflow hands `FLUX_VERSION` to an action, a Makefile to a target, an Ansible role to a template
in another repository. The name alone is not enough: InfluxDB, machine learning and other programs
have a flux too. So the value has to be a release of Flux that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.digests import names, spellings
from fluxbump.discover.variables import assignments
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.values import Assignment
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

NEEDLES = (
    *("FLUX_VER", "FLUX2_VER", "FLUX_CLI_VER", "FLUX2_CLI_VER", "FLUXCD_VER"),
    *("flux_ver", "flux2_ver", "flux_cli_ver", "fluxcd_ver"),
    *("fluxVersion", "FluxVersion", "fluxCliVersion", "flux-version"),
    *("FLUX_OPERATOR_VER", "flux_operator_ver", "fluxOperatorVersion", "flux-operator-version"),
    *("FLUX_OPERATOR_CHART_VER", "flux_operator_chart_ver"),
)
"""What a file contains that has such a variable."""

FILES = (".flux-version", ".flux2-version", "FLUX_VERSION")
"""Names of files that hold a release and nothing else."""

_BEFORE = "TF_VAR_|DEFAULT_|MISE_|ASDF_|ENV_|default_|_{1,2}"
_NAME = lazy_pattern(
    rf"(?<![\w.-])(?:{_BEFORE})?(?:FLUX(?:2|CD)?(?:_CLI)?_VER(?:SION)?"
    r"|flux(?:2|cd)?(?:_cli)?_ver(?:sion)?"
    r"|[fF]lux(?:2|cd|CD)?(?:Cli|CLI)?Version|flux(?:2|cd)?(?:-cli)?-version)(?![\w-]|\.\w)"
)


_OPERATOR_NAME = lazy_pattern(
    rf"(?<![\w.-])(?:{_BEFORE})?(?:FLUX_OPERATOR_(?:CHART_)?VER(?:SION)?"
    r"|flux_operator_(?:chart_)?ver(?:sion)?|fluxOperatorVersion"
    r"|flux-operator-version)(?![\w-]|\.\w)"
)


def find(file: TextFile) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Yield each name of such a variable with the places that give it a version, in order.

    Places with a computed value are left out.
    """
    yield from _assigned(file, _NAME)


def of_operator(file: TextFile) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Yield the same for variables that are called after a version of flux-operator."""
    yield from _assigned(file, _OPERATOR_NAME)


def _assigned(
    file: TextFile, names: re.Pattern[str]
) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    if not any(needle in file.text for needle in NEEDLES):
        return
    for name in dict.fromkeys(match.group() for match in names.finditer(file.text)):
        found = {
            assignment.start: assignment
            for reference in _references(file, name)
            for assignment in assignments.find(file, reference)
            if assignment.version is not None
        }
        if found:
            yield name, tuple(found[start] for start in sorted(found))


def _references(file: TextFile, name: str) -> Iterator[Reference]:
    yield Reference((name,))
    if file.language is Language.HCL or ".tfvars" in file.path:
        yield Reference((name,), "var")


_NEAR = 2
"""Lines below a version on which a digest may stand that names no tool."""


def digest_beside(file: TextFile, offset: int) -> int | None:
    """Return the offset of a digest that may go with the release at `offset`; None without one.

    It is called after Flux, or it is called after nothing and stands right below. Where a URL names
    a release, the digest may be that of its file, which kind `digest` tells.
    """
    if any(file.is_live(match.start()) for match in _EXACT_URL.finditer(file.text)):
        return None
    line = file.location(offset).line
    for digest in spellings.shaped(file.text):
        if _OF_IMAGE.search(file.text, max(0, digest.start - 10), digest.start):
            continue
        named = names.NAMED.search(file.text, max(0, digest.start - 120), digest.start)
        stem = names.stem(named["name"]) if named else ""
        below = 0 < file.location(digest.start).line - line <= _NEAR
        ours = bool(_OURS.match(stem)) or (below and named is not None and not stem)
        if ours and file.is_live(digest.start):
            return digest.start
    table = _TABLE.search(file.text)
    return table.start() if table and file.is_live(table.start()) else None


_OF_IMAGE = lazy_pattern(r"@sha\d{3}:\Z")
_EXACT_URL = lazy_pattern(r"fluxcd/flux2/releases/download/v\d")
_OURS = lazy_pattern(r"flux(?![\W_]*(?:operator|schema|local|core))", re.IGNORECASE)
_TABLE = lazy_pattern(
    r"(?<![\w.-])flux(?!_?(?:operator|schema|local|core))\w{0,20}(?:sha\d|checksum|digest|hash)\w{0,10}[\"']?\s*[:=]\s*[{(\[\n]",
    re.IGNORECASE,
)
"""Digests of Flux for each platform."""
