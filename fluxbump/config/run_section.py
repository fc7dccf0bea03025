"""The part of `fluxbump.yaml` that `fluxbump run` reads: the mapping `run`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fluxbump.config import schedule
from fluxbump.config.settings import RELEASE_NOTES, Policy
from fluxbump.text import version_ranges

_MAX_AGE = 3650
_MAX_OPEN = 100


class Strict(BaseModel):
    """A mapping whose keys are known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _constraint(text: str) -> str:
    version_ranges.parse(text)
    return text


def _window(text: str) -> str:
    schedule.parse(text)
    return text


def _zone(text: str) -> str:
    schedule.zone(text)
    return text


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a web address, say https://git.example.org")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("holds more than an address: a token has its place in the environment")
    return text


Range = Annotated[str, Field(min_length=1), AfterValidator(_constraint)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


class RunConfig(Strict):
    """What `fluxbump run` may propose, and how. Every key is optional."""

    range: Range | None = Field(
        default=None, description="Releases that may be proposed: `>=2.4 <2.8`."
    )
    follow: Literal["patch", "minor", "latest-safe"] = Field(
        default="latest-safe", description="How far a proposal may go from what is installed."
    )
    min_age_days: int = Field(
        default=0, ge=0, le=_MAX_AGE, description="Days since the chart was published."
    )
    ignore: tuple[Range, ...] = Field(
        default=(), description="Releases, or ranges of them, that are never proposed."
    )
    schedule: tuple[Annotated[str, AfterValidator(_window)], ...] = Field(
        default=(), description="When it may be proposed: `mon-fri 08:00-17:00`. Empty for always."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="Of the schedule: a name of the IANA database."
    )
    max_open: int = Field(
        default=3, ge=1, le=_MAX_OPEN, description="Pull requests that may be open at once."
    )
    labels: tuple[Name, ...] = Field(default=(), description="To set on a new pull request.")
    assignees: tuple[Name, ...] = Field(default=(), description="Of a new pull request.")
    reviewers: tuple[Name, ...] = Field(default=(), description="To ask for a review.")
    draft_on_warnings: bool = Field(
        default=True, description="Whether warnings of the gate make a draft."
    )
    auto_merge: bool = Field(
        default=False, description="Whether the forge merges it when its checks have passed."
    )
    refresh: Literal["base", "content"] = Field(
        default="base",
        description="What brings an open pull request up to date: a new base, or new content.",
    )
    forge: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z-]*$",
        description="Which forge it is, when the remote does not say.",
    )
    forge_url: WebAddress | None = Field(
        default=None, description="Where the forge is, when the remote does not say."
    )
    release_notes: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=RELEASE_NOTES,
        description="Where `/vX.Y.Z` gives a release's notes, as GitHub does; null for no notes.",
    )
    base_branch: Name | None = Field(
        default=None, description="The branch to propose to. The remote's default branch if unset."
    )

    def policy(self) -> Policy:
        """Return what was read about proposals, as values."""
        return Policy(
            range=self.range,
            follow=self.follow,
            min_age_days=self.min_age_days,
            ignore=self.ignore,
            schedule=tuple(map(schedule.parse, self.schedule)),
            timezone=self.timezone,
            max_open=self.max_open,
            labels=self.labels,
            assignees=self.assignees,
            reviewers=self.reviewers,
            draft_on_warnings=self.draft_on_warnings,
            auto_merge=self.auto_merge,
            refresh=self.refresh,
        )
