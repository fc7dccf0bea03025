"""Reads the file that lists the repositories of a fleet. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from fluxbump.config import validation
from fluxbump.config.run_section import require_web_address
from fluxbump.config.settings import ForgeName, Name
from fluxbump.config.validation import Problem, refusals
from fluxbump.errors import ConfigError, UsageError
from fluxbump.fleet.repositories import FleetEntry
from fluxbump.git import remote_url
from fluxbump.model import Location

_MOST = 100_000
_HINT = "fluxbump schema fleet-config prints what is allowed"
_NO_SECRETS = "holds a user or a password: drop it, a token belongs in FLUXBUMP_TOKEN"


def _require_plain(text: str) -> None:
    if not text.isprintable() or text.startswith("-") or text != text.strip():
        raise ValueError("begins with -, or has characters that do not print")


def _url(text: str) -> str:
    """Return a URL as git takes it. No error message quotes the URL, which may hold secrets."""
    _require_plain(text)
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


def _require_remote(text: str) -> None:
    if _is_path(_url(text)):
        raise ValueError("not a URL: a directory goes under path")


def _is_path(text: str) -> bool:
    try:
        return not remote_url.parse(text)[0].scheme
    except UsageError:
        return False


def _require_index(text: str) -> None:
    _require_plain(text)
    if "://" in text and "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError(_NO_SECRETS)


Place = Annotated[str, Meta(min_length=1, max_length=2000)]
Label = Annotated[str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]{1,200}(?![\s\S])")]


Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.\[\]:-]{1,260}(?![\s\S])")]


class Defaults(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for every repository that does not say otherwise."""

    base: Annotated[
        Name | None,
        Meta(description="The base branch of pull requests. The remote's default branch if unset."),
    ] = None
    forge: Annotated[
        ForgeName | None,
        Meta(description="The kind of forge. If unset, the host of the remote decides."),
    ] = None
    forge_url: Annotated[
        str | None, Meta(description="The URL of the forge. If unset, the host of the remote.")
    ] = None
    index: Annotated[
        Place | None,
        Meta(description="Where chart releases come from: https or oci URL, file or directory."),
    ] = None
    allow_hosts: Annotated[
        tuple[Host, ...] | None,
        Meta(
            description="Servers that a repository's own fluxbump.yaml may name: HOST, HOST:PORT."
        ),
    ] = None


class RepositoryEntry(Defaults, frozen=True):
    """A repository of the fleet."""

    url: Annotated[Place | None, Meta(description="The URL to clone.")] = None
    path: Annotated[
        Place | None, Meta(description="The path of a checkout, relative to the fleet's file.")
    ] = None
    name: Annotated[
        Label | None,
        Meta(description="The name in results. The URL's path if unset."),
    ] = None


class FleetConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The repositories that `fluxbump fleet` runs over."""

    repositories: Annotated[
        tuple[Place | RepositoryEntry, ...],
        Meta(max_length=_MOST, description="URLs, paths, or mappings that say more."),
    ]
    defaults: Annotated[
        Defaults, Meta(description="Values for repositories that do not have their own.")
    ] = Defaults()


def _full(entry: str | RepositoryEntry) -> RepositoryEntry:
    """Return an entry as a mapping: a plain text is the URL or the path of a repository."""
    if isinstance(entry, RepositoryEntry):
        return entry
    return RepositoryEntry(path=entry) if _is_path(entry) else RepositoryEntry(url=entry)


def _problems(config: FleetConfig) -> Iterator[Problem]:
    yield from _of_defaults(("defaults",), config.defaults)
    for number, given in enumerate(config.repositories):
        at: tuple[str | int, ...] = ("repositories", number)
        entry = _full(given)
        url, path = (at, at) if isinstance(given, str) else ((*at, "url"), (*at, "path"))
        if (entry.url is None) == (entry.path is None):
            yield at, "needs either url or path"
        yield from refusals(url, entry.url, _require_remote)
        yield from refusals(path, entry.path, _require_plain)
        yield from refusals((*at, "name"), entry.name, _require_plain)
        yield from _of_defaults(at, entry)


def _of_defaults(at: tuple[str | int, ...], defaults: Defaults) -> Iterator[Problem]:
    yield from refusals((*at, "forge_url"), defaults.forge_url, require_web_address)
    yield from refusals((*at, "index"), defaults.index, _require_index)


def parse(text: str, file: str, folder: str) -> tuple[FleetEntry, ...]:
    """Parse a fleet's file.

    Args:
        text: the content of the file.
        file: the name of the file, for messages.
        folder: the absolute path of its folder, from which relative paths in it start.

    Raises:
        ConfigError: the file is not YAML, has an unknown key or value, or has a repository or a
            name twice.
    """
    form = validation.FileForm(FleetConfig, file, _HINT, _problems)
    read = validation.check(form, validation.load(text, file), text)
    entries = tuple(_entry(_full(entry), read.defaults, folder) for entry in read.repositories)
    _refuse_twins(entries, validation.lines(text, file, "repositories"), file)
    return entries


def _allowed(given: RepositoryEntry, defaults: Defaults) -> tuple[str, ...]:
    own = defaults.allow_hosts if given.allow_hosts is None else given.allow_hosts
    return own or ()


def _entry(given: RepositoryEntry, defaults: Defaults, folder: str) -> FleetEntry:
    index = given.index or defaults.index
    repo = _url(given.url) if given.url else _below(folder, given.path or "")
    return FleetEntry(
        name=given.name or name_of(repo),
        repo=repo,
        base=given.base or defaults.base,
        forge=given.forge or defaults.forge,
        forge_url=given.forge_url or defaults.forge_url,
        index=index if index is None or "://" in index else _below(folder, index),
        allow_hosts=_allowed(given, defaults),
    )


def _below(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def name_of(place: str) -> str:
    """Return the short name of a repository: its path on the host, or the last folder of a path."""
    found = remote_url.parse(place)[0]
    path = found.path.strip("/").removesuffix(".git")
    path = PurePosixPath(path).name if found.is_local else path
    return "-".join(path.split()) or "repository"


def _refuse_twins(entries: tuple[FleetEntry, ...], lines: list[int], file: str) -> None:
    """Refuse a repository that is listed twice, because two runs over it would interfere."""
    places: dict[str, int] = {}
    names: dict[str, int] = {}
    for entry, line in zip(entries, lines, strict=True):
        place = entry.repo.rstrip("/").removesuffix(".git")
        where = Location(file, line)
        if place in places:
            raise ConfigError(
                f"the same repository as in line {places[place]}",
                where=where,
                hint="remove one of them",
            )
        if entry.name in names:
            raise ConfigError(
                f"{entry.name} is the name of the one in line {names[entry.name]} too",
                where=where,
                hint="give one of them a name: of its own",
            )
        places[place] = names[entry.name] = line
