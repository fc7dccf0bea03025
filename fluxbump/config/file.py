"""Reads and validates `fluxbump.yaml`, which may be at the root of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta, Struct

from fluxbump.config import run_section, validation
from fluxbump.config.settings import (
    FILE,
    PLACEHOLDER,
    PLACEHOLDERS,
    Ignore,
    Plain,
    Settings,
    Text,
)
from fluxbump.config.validation import Problem, refusals
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.pins.kind import CustomPin
from fluxbump.errors import ConfigError
from fluxbump.git import branch_names
from fluxbump.text import bounded_pattern, yaml
from fluxbump.text.budget import SETTINGS
from fluxbump.text.versions import minor


class PinEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A pin that no kind finds by itself."""

    path: Annotated[
        str, Meta(description="Glob over the repository's paths. `*` also matches `/`.")
    ]
    track: Annotated[
        str, Meta(description="`flux`, `flux2`, or the name of a chart that moves with Flux.")
    ]
    key: Annotated[
        str | None, Meta(description="Dotted path to the YAML scalar that holds it.")
    ] = None
    pattern: Annotated[
        str | None,
        Meta(description="Regular expression with a group `version`: `FLUX=v(?P<version>\\S+)`."),
    ] = None

    def value(self, line: int) -> CustomPin:
        """Return the entry as a `CustomPin`; `line` is its line in fluxbump.yaml."""
        key = tuple(self.key.split(".")) if self.key else ()
        return CustomPin(self.path, self.track, key, self.pattern or "", line)


class IgnoreEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Findings that the team accepts."""

    code: Annotated[str, Meta(pattern=r"^FB[0-9]{3}(?![\s\S])", description="The rule: `FB120`.")]
    path: Annotated[str, Meta(description="Glob over paths. `*` also matches `/`.")] = "*"
    reason: Annotated[Text, Meta(description="Why it is accepted.")]


class Config(Plain, frozen=True, kw_only=True):
    """What a team can set. Every key is optional."""

    pins: Annotated[
        tuple[PinEntry, ...], Meta(description="Pins that no kind finds by itself.")
    ] = ()
    ignore: Annotated[
        tuple[IgnoreEntry, ...],
        Meta(description="Findings of `fluxbump check` that are accepted."),
    ] = ()
    kubernetes: Annotated[
        str | float | None,
        Meta(description="The Kubernetes version of the clusters, for FB207. Overrides others."),
    ] = None


def not_followed() -> ConfigError:
    """Return the error for a fluxbump.yaml that is a symbolic link, which is not followed."""
    return ConfigError(
        "is a symbolic link, which fluxbump does not follow",
        where=FILE,
        hint="replace it with the file",
    )


def parse(text: str) -> Settings:
    """Parse the text of a fluxbump.yaml.

    Raises:
        ConfigError: the text is too large, is not YAML, or holds an unknown key or invalid value.
    """
    if len(text) > SETTINGS.size:
        raise ConfigError(f"takes more than {SETTINGS.shown_size}", where=FILE)
    content = validation.load(text, FILE)
    running = _running(text)
    if running is not None and isinstance(content, dict):
        content["kubernetes"] = running.version  # as it stands: the number 1.30 would be 1.3
    read = validation.check(_FORM, content, text)
    ignored, pinned = (validation.lines(text, FILE, key) for key in ("ignore", "pins"))
    plain: dict[str, Any] = {name: getattr(read, name) for name in Plain.__struct_fields__}
    return Settings(
        **plain,
        pins=tuple(map(PinEntry.value, read.pins, pinned)),
        ignore=tuple(
            Ignore(entry.code, entry.path, entry.reason, line)
            for entry, line in zip(read.ignore, ignored, strict=True)
        ),
        kubernetes=running,
    )


def _running(text: str) -> KubernetesPin | None:
    document = yaml.documents(text, FILE)[0]
    scalar = document.scalar(yaml.get(document.root, "kubernetes"))
    if scalar is None or scalar.value in ("", "~", "null"):
        return None
    return KubernetesPin(scalar.value, scalar.location, f"kubernetes in {FILE}")


# --- what the types alone cannot say ---------------------------------------------------------


def _problems(config: Config) -> Iterator[Problem]:
    yield from refusals(("branch",), config.branch, _require_branch)
    yield from refusals(("commit",), config.commit, _require_known_placeholders)
    yield from refusals(("kubernetes",), config.kubernetes, _require_kubernetes)
    for number, pin in enumerate(config.pins):
        if (pin.key is None) == (pin.pattern is None):
            yield ("pins", number), "needs either key or pattern"
        yield from refusals(("pins", number, "pattern"), pin.pattern, bounded_pattern.require)
    yield from run_section.problems(config.run)


def _require_known_placeholders(text: str) -> None:
    unknown = [name for name in PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"unknown placeholder {{{unknown[0]}}}, known are {known}")


def _require_branch(text: str) -> None:
    _require_known_placeholders(text)
    problem = branch_names.problem(PLACEHOLDER.sub("1.2.3", text))
    if problem is not None:
        raise ValueError(f"not a name for a branch: {problem}")


def _require_kubernetes(version: str | float) -> None:
    if minor(str(version)) is None:
        raise ValueError("not a Kubernetes version, such as 1.33")


_FORM = validation.FileForm(
    Config, FILE, "fluxbump schema config prints what is allowed", _problems
)
