"""Finds variables that hold a Flux version according to their names, even if no use is seen. Pure.

A workflow passes `FLUX_VERSION` to an action, a Makefile to a target, an Ansible role to a template
in another repository. The name alone is not enough, because InfluxDB, machine learning and other
programs have a flux too. So the value has to be a known release of Flux.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.digests import names, spellings
from fluxbump.discover.variables import assignments, renovate
from fluxbump.discover.variables.references import Reference
from fluxbump.discover.variables.values import Assignment
from fluxbump.text import versions
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

NEEDLES = (
    *("FLUX_VER", "FLUX2_VER", "FLUX_CLI_VER", "FLUX2_CLI_VER", "FLUXCD_VER"),
    *("flux_ver", "flux2_ver", "flux_cli_ver", "fluxcd_ver"),
    *("fluxVersion", "FluxVersion", "fluxCliVersion", "flux-version"),
    *("FLUX_OPERATOR_VER", "flux_operator_ver", "fluxOperatorVersion", "flux-operator-version"),
    *("FLUX_OPERATOR_CHART_VER", "flux_operator_chart_ver"),
    *("FLUX_CHART_VER", "FLUX2_CHART_VER", "FLUXCD_CHART_VER", "FLUX_HELM_", "FLUX2_HELM_"),
    *("flux_chart_ver", "flux2_chart_ver", "fluxcd_chart_ver", "fluxv2_chart_ver"),
    *("flux_helm_", "flux2_helm_", "fluxChartVersion", "flux2ChartVersion", "FluxChartVersion"),
)
"""Fixed texts, one of which is in each file that has such a variable."""

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

_CHART_NAME = lazy_pattern(
    rf"(?<![\w.-])(?:{_BEFORE})?(?:FLUX(?:V?2|CD)?(?:_HELM_CHART|_CHART|_HELM)_VER(?:SION)?"
    r"|flux(?:v?2|cd)?(?:_helm_chart|_chart|_helm)_ver(?:sion)?"
    r"|[fF]lux(?:2|cd|CD)?(?:Helm)?ChartVersion)(?![\w-]|\.\w)"
)


def find(file: TextFile) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Yield each variable named after a Flux release, with the places that set it to a version.

    The places are in the file's order. Places with a computed value are left out.
    """
    yield from _assigned(file, _NAME)


def of_operator(file: TextFile) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Yield each variable named after a version of flux-operator, with the places that set it.

    Order and exceptions are those of `find`.
    """
    yield from _assigned(file, _OPERATOR_NAME)


def of_chart(file: TextFile) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Yield each variable named after a version of the chart `flux2`, with the places that set it.

    Order and exceptions are those of `find`.
    """
    yield from _assigned(file, _CHART_NAME)


def _is_named_in(text: str) -> bool:
    return any(needle in text for needle in NEEDLES)


def _assigned(
    file: TextFile, names: re.Pattern[str]
) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    if not file.once(_is_named_in, lambda: _is_named_in(file.text)):
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


_CONSTANT = lazy_pattern(
    r"(?<![\w.-])(?P<name>(?:[a-zA-Z_]{0,40}?(?:(?<![A-Z])FLUX|Flux)|[a-zA-Z_]{0,40}_flux|flux)"
    r"(?:2|cd|CD)?(?:_?[cC][lL][iI]|(?:_?(?:helm|HELM|Helm))?_?(?:chart|CHART|Chart))?_?(?:Version|VERSION|version))(?![\w-])"
    rf"""["']?(?:\s{{0,8}}:\s{{0,8}}\w+)?\s{{0,8}}(?::=|[=:,])\s{{0,8}}["'`]"""
    rf"""v?(?P<version>{versions.FULL.pattern})["'`]"""
)
_WEB = lazy_pattern("web_?flux", re.IGNORECASE)
"""The name of a Java framework (WebFlux) whose versions look like those of Flux."""


def constants(file: TextFile) -> Iterator[re.Match[str]]:
    """Yield the constants of a program that hold a Flux version; groups `name` and `version`.

    The name of a constant may have a prefix, as in `defaultFluxVersion`. A version with a remark
    for Renovate is left to the kinds that read such remarks.
    """
    named = file.is_program and any(needle in file.text for needle in NEEDLES)
    if named and not _WEB.search(file.text):
        for match in _CONSTANT.finditer(file.text):
            start = match.start("version")
            if file.is_code(start) and not renovate.is_told(file, start):
                yield match


_NEAR = 2
"""A digest without the name of a tool belongs to a version at most this many lines above it."""


def digest_beside(file: TextFile, offset: int) -> int | None:
    """Return the offset of a digest that may belong to the release at `offset`; None without one.

    The digest's name begins with `flux`, or it names no tool and the digest is right below the
    release. A file with a URL of an exact release has no such digest: it may be the digest of the
    downloaded file, which the kind `digest` finds.
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
"""Matches the head of a table of digests of Flux, such as one for each platform."""
