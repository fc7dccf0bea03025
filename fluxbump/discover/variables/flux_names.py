"""Variables that are called after a Flux release, also if nothing here is seen to use them. Pure.

A workflow hands `FLUX_VERSION` to an action, a Makefile to a target, an Ansible role to a template
in another repository. The name alone is not enough: InfluxDB, machine learning and other programs
have a flux too. So the value has to be a release of Flux that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fluxbump.discover.variables import assignments
from fluxbump.discover.variables.assignments import Assignment
from fluxbump.discover.variables.references import Reference
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern

NEEDLES = (
    *("FLUX_VERSION", "FLUX2_VERSION", "FLUX_CLI_VERSION", "FLUX2_CLI_VERSION", "FLUXCD_VERSION"),
    *("flux_version", "flux2_version", "flux_cli_version", "fluxcd_version"),
    *("fluxVersion", "FluxVersion", "fluxCliVersion", "flux-version"),
)
"""What a file contains that has such a variable."""

_BEFORE = "TF_VAR_|DEFAULT_|MISE_|ASDF_|ENV_|default_|_{1,2}"
_NAME = lazy_pattern(
    rf"(?<![\w.-])(?:{_BEFORE})?(?:FLUX(?:2|CD)?(?:_CLI)?_VERSION|flux(?:2|cd)?(?:_cli)?_version"
    r"|[fF]lux(?:2|cd|CD)?(?:Cli|CLI)?Version|flux(?:2|cd)?(?:-cli)?-version)(?![\w-]|\.\w)"
)


def find(file: TextFile) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Yield each name of such a variable with the places that give it a version, in order.

    Places with a computed value are left out.
    """
    if not any(needle in file.text for needle in NEEDLES):
        return
    for name in dict.fromkeys(match.group() for match in _NAME.finditer(file.text)):
        found = {
            assignment.start: assignment
            for reference in _references(file, name)
            for assignment in assignments.find(file, reference)
            if assignment.version is not None
        }
        if found:
            yield name, tuple(found[start] for start in sorted(found))


def _references(file: TextFile, name: str) -> Iterator[Reference]:
    if file.language is Language.HCL or ".tfvars" in file.path:
        yield Reference((name,), "var")
        yield Reference((name,), "local")
    else:
        yield Reference((name,))


_DIGEST_NAME = re.compile(
    r"(?<![\w.-])flux\w{0,20}(?:sha|checksum|digest|hash)\w{0,10}[\"']?\s*(?::=|\?=|[:=])",
    re.IGNORECASE,
)


def digest_beside(file: TextFile) -> int | None:
    """Return the offset of a variable that is called after a digest of Flux; None if there is none.

    It goes with the release that the variable beside it names, so it would have to move too.
    """
    found = (match.start() for match in _DIGEST_NAME.finditer(file.text))
    return next((start for start in found if file.is_live(start)), None)
