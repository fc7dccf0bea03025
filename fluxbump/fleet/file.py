"""Reads the file that lists the repositories of a fleet. Pure.

Imported only by `fluxbump fleet`: see `validation`.
"""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from fluxbump.config import validation
from fluxbump.config.run_section import Name, Strict, WebAddress
from fluxbump.errors import ConfigError, UsageError
from fluxbump.fleet.repositories import Entry
from fluxbump.git import remote_url
from fluxbump.model import Location

LONGEST = 4 << 20
"""Bytes of a fleet's file; ten thousand repositories are a tenth of that."""

_MOST = 100_000
_HINT = "fluxbump schema fleet-config prints what is allowed"
_NO_SECRETS = "holds a user or a password: drop it, a token belongs in FLUXBUMP_TOKEN"


def _plain(text: str) -> str:
    if not text.isprintable() or text.startswith("-") or text != text.strip():
        raise ValueError("begins with -, or has characters that do not print")
    return text


def _url(text: str) -> str:
    """A URL as git takes it; the message never quotes it."""
    _plain(text)
    try:
        found, userinfo = remote_url.parse(text)
        parts = urlsplit(text)
        password = parts.password if "://" in text else None
    except UsageError as error:
        raise ValueError(f"{error.message}: {error.hint}") from None
    except ValueError:
        raise ValueError("not a URL") from None
    if userinfo is not None or password is not None:
        raise ValueError(_NO_SECRETS)
    return found.url


def _remote(text: str) -> str:
    url = _url(text)
    if _is_path(url):
        raise ValueError("not a URL: a directory goes under path")
    return url


def _is_path(text: str) -> bool:
    try:
        return not remote_url.parse(text)[0].scheme
    except UsageError:
        return False


def _index(text: str) -> str:
    _plain(text)
    if "://" in text and "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError(_NO_SECRETS)
    return text


Place = Annotated[str, Field(min_length=1, max_length=2000)]
Url = Annotated[Place, AfterValidator(_remote)]
Directory = Annotated[Place, AfterValidator(_plain)]
Index = Annotated[Place, AfterValidator(_index)]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]
Label = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f]{1,200}$"), AfterValidator(_plain)]


class Defaults(Strict):
    """What holds for every repository that does not say otherwise."""

    base: Name | None = Field(
        default=None, description="The branch to propose to. The remote's default branch if unset."
    )
    forge: Kind | None = Field(
        default=None, description="Which forge it is, when the remote does not say."
    )
    forge_url: WebAddress | None = Field(
        default=None, description="Where the forge is, when the remote does not say."
    )
    index: Index | None = Field(
        default=None,
        description="Where chart releases come from: https or oci URL, file or directory.",
    )


class RepositoryConfig(Defaults):
    """A repository of the fleet."""

    url: Url | None = Field(default=None, description="Where it is cloned from.")
    path: Directory | None = Field(
        default=None, description="Where a checkout is; relative to the fleet's file."
    )
    name: Label | None = Field(
        default=None, description="What it is called in results. The URL's path if unset."
    )

    @model_validator(mode="after")
    def _one_place(self) -> RepositoryConfig:
        if (self.url is None) == (self.path is None):
            raise ValueError("needs either url or path")
        return self


def _mapping(given: object) -> object:
    """A repository of which nothing more is said is its URL or its path."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, str):
        raise ValueError("neither a URL or a path nor a mapping")  # noqa: TRY004  # pydantic's way
    return {"path" if _is_path(given) else "url": given}


Repository = Annotated[
    RepositoryConfig, BeforeValidator(_mapping, json_schema_input_type=str | RepositoryConfig)
]


class FleetConfig(Strict):
    """The repositories that `fluxbump fleet` runs over."""

    repositories: tuple[Repository, ...] = Field(
        max_length=_MOST, description="URLs, paths, or mappings that say more."
    )
    defaults: Defaults = Field(
        default=Defaults(), description="What holds for those that do not say otherwise."
    )


def parse(text: str, file: str, folder: str) -> tuple[Entry, ...]:
    """Parse a fleet's file.

    Args:
        text: what it holds.
        file: its name, for messages.
        folder: where it lies, absolute; relative paths in it begin there.

    Raises:
        ConfigError: it is not YAML, holds something that fluxbump does not know, or a repository
            or a name stands in it twice.
    """
    read = validation.check(FleetConfig, validation.load(text, file), text, file, _HINT)
    entries = tuple(_entry(one, read.defaults, folder) for one in read.repositories)
    _refuse_twins(entries, validation.lines(text, file, "repositories"), file)
    return entries


def _entry(given: RepositoryConfig, defaults: Defaults, folder: str) -> Entry:
    index = given.index or defaults.index
    repo = given.url or _below(folder, given.path or "")
    return Entry(
        name=given.name or _name(repo),
        repo=repo,
        base=given.base or defaults.base,
        forge=given.forge or defaults.forge,
        forge_url=given.forge_url or defaults.forge_url,
        index=index if index is None or "://" in index else _below(folder, index),
    )


def _below(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _name(place: str) -> str:
    """The path on the host, or the last folder: what people call a repository."""
    found = remote_url.parse(place)[0]
    path = found.path.strip("/").removesuffix(".git")
    path = PurePosixPath(path).name if found.is_local else path
    return "-".join(path.split()) or "repository"


def _refuse_twins(entries: tuple[Entry, ...], lines: list[int], file: str) -> None:
    """Two runs over one repository would be in each other's way."""
    places: dict[str, int] = {}
    names: dict[str, int] = {}
    for entry, line in zip(entries, lines, strict=True):
        place = entry.repo.rstrip("/").removesuffix(".git")
        where = Location(file, line)
        if place in places:
            raise ConfigError(
                f"this repository stands in line {places[place]} already",
                where=where,
                hint="one run is enough for it",
            )
        if entry.name in names:
            raise ConfigError(
                f"{entry.name} is the name of the one in line {names[entry.name]} too",
                where=where,
                hint="give one of them a name: of its own",
            )
        places[place] = names[entry.name] = line
