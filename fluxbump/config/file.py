"""Reads `fluxbump.yaml` at the repository's root: optional, and never guessed at.

Imported only where there is such a file: the models cost as much at start-up as git does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from fluxbump.config import validation
from fluxbump.config.run_section import RunConfig, Strict
from fluxbump.config.settings import (
    DEFAULT_BRANCH,
    DEFAULT_INDEX,
    DEFAULT_RELEASES,
    FILE,
    PLACEHOLDER,
    PLACEHOLDERS,
    Ignore,
    Settings,
)
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.pins.kind import CustomPin, ProgramSource
from fluxbump.text import yaml
from fluxbump.text.versions import minor


def _template(text: str) -> str:
    unknown = [name for name in PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"unknown placeholder {{{unknown[0]}}}, known are {known}")
    return text


def _pattern(text: str) -> str:
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if "version" not in compiled.groupindex:
        raise ValueError("has no group called version: (?P<version>…)")
    return text


def _kubernetes(text: str) -> str:
    if minor(text) is None:
        raise ValueError("not a Kubernetes version, such as 1.33")
    return text


Kubernetes = Annotated[
    str, AfterValidator(_kubernetes), WithJsonSchema({"type": ["string", "number"]})
]
Template = Annotated[str, Field(min_length=1), AfterValidator(_template)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class PinConfig(Strict):
    """A pin that no kind finds by itself."""

    path: str = Field(description="Glob over the repository's paths; `*` also matches `/`.")
    track: str = Field(description="`flux`, `flux2`, or the name of a chart that moves with Flux.")
    key: str | None = Field(
        default=None, description="Dotted path to the YAML scalar that holds it."
    )
    pattern: Pattern | None = Field(
        default=None,
        description="Regular expression with a group `version`: `FLUX=v(?P<version>\\S+)`.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> PinConfig:
        if (self.key is None) == (self.pattern is None):
            raise ValueError("needs either key or pattern")
        return self


class IgnoreConfig(Strict):
    """Findings that the team accepts."""

    code: str = Field(pattern=r"^FB\d{3}$", description="The rule: `FB120`.")
    path: str = Field(default="*", description="Glob over paths; `*` also matches `/`.")
    reason: str = Field(min_length=1, description="Why it is accepted.")


class Config(Strict):
    """What a team can set. Every key is optional."""

    exclude: tuple[str, ...] = Field(
        default=(), description="Globs over paths that are no candidates; `*` also matches `/`."
    )
    leave_excluded: tuple[str, ...] = Field(
        default=(),
        description="Globs over excluded paths; what is pinned there is meant to stay behind.",
    )
    pins: tuple[PinConfig, ...] = Field(
        default=(), description="Pins that no kind finds by itself."
    )
    repositories: tuple[str, ...] = Field(
        default=(), description="Mirrors of the community's chart repository."
    )
    index: str = Field(
        default=DEFAULT_INDEX,
        description="Where chart releases come from: https or oci URL, file or directory.",
    )
    releases: str = Field(
        default=DEFAULT_RELEASES,
        description="Where the manifests of Flux releases come from: URL or directory.",
    )
    branch: Template = Field(default=DEFAULT_BRANCH, description="The branch to make.")
    commit: Template | None = Field(
        default=None, description="The commit message; a list of what moved is added to it."
    )
    bump: Literal["patch", "minor", "major", "none"] = Field(
        default="patch",
        description="How the versions of your own charts are raised; `none` leaves them alone.",
    )
    ignore: tuple[IgnoreConfig, ...] = Field(
        default=(), description="Findings of `fluxbump check` that are accepted."
    )
    allowed_groups: tuple[str, ...] = Field(
        default=(), description="API groups that a fresh cluster has, for rule FB106."
    )
    mentions: bool = Field(
        default=True, description="Whether mapping rows in comments and documents move."
    )
    program_source: ProgramSource = Field(
        default="pins",
        description="What URLs and calls of helm in programs are: pins, or mentions.",
    )
    run: RunConfig = Field(
        default=RunConfig(), description="What `fluxbump run` may propose, and how."
    )
    kubernetes: Kubernetes | None = Field(
        default=None, description="The Kubernetes that runs, for FB207; goes before what is found."
    )

    def settings(
        self, ignore_lines: Sequence[int], pin_lines: Sequence[int], running: KubernetesPin | None
    ) -> Settings:
        """Return what was read, as values.

        Args:
            ignore_lines: the line of each entry under `ignore`.
            pin_lines: the line of each entry under `pins`.
            running: what stands under `kubernetes`, with its place.
        """
        ignored = zip(self.ignore, ignore_lines, strict=True)
        return Settings(
            exclude=self.exclude,
            leave_excluded=self.leave_excluded,
            pins=tuple(map(_custom, self.pins, pin_lines)),
            repositories=self.repositories,
            index=self.index,
            releases=self.releases,
            branch=self.branch,
            commit=self.commit,
            bump=self.bump,
            ignore=tuple(Ignore(o.code, o.path, o.reason, line) for o, line in ignored),
            allowed_groups=self.allowed_groups,
            mentions=self.mentions,
            policy=self.run.policy(),
            forge=self.run.forge,
            forge_url=self.run.forge_url,
            base_branch=self.run.base_branch,
            release_notes=self.run.release_notes,
            kubernetes=running,
            program_source=self.program_source,
        )


def _custom(pin: PinConfig, line: int) -> CustomPin:
    key = tuple(pin.key.split(".")) if pin.key else ()
    pattern = re.compile(pin.pattern) if pin.pattern else None
    return CustomPin(pin.path, pin.track, key, pattern, line)


def parse(text: str) -> Settings:
    """Parse a configuration.

    Raises:
        ConfigError: it is not YAML, or holds something that fluxbump does not know.
    """
    content = validation.load(text, FILE)
    running = _running(text)
    if running is not None and isinstance(content, dict):
        content["kubernetes"] = running.version  # as it stands: the number 1.30 would be 1.3
    read = validation.check(
        Config, content, text, FILE, "fluxbump schema config prints what is allowed"
    )
    ignored, pinned = (validation.lines(text, FILE, key) for key in ("ignore", "pins"))
    return read.settings(ignored, pinned, running)


def _running(text: str) -> KubernetesPin | None:
    document = yaml.documents(text, FILE)[0]
    scalar = document.scalar(yaml.get(document.root, "kubernetes"))
    if scalar is None or scalar.value in ("", "~", "null"):
        return None
    return KubernetesPin(scalar.value, scalar.location, f"kubernetes in {FILE}")
