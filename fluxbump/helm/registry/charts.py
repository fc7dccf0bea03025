"""Make a chart index from the tags of a chart in a registry.

Each tag is a version, and the chart's metadata has the release that it ships. Contents are cached
by digest, so a second run reads only new ones. The digest of each tag is asked in each run, because
a tag can be pushed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.helm.registry import manifest, reference
from fluxbump.helm.registry.client import Registry
from fluxbump.helm.registry.content_store import digest_of
from fluxbump.helm.registry.reference import RegistryRepository
from fluxbump.text.versions import parse

_MAX_CONFIG = 1 << 20
"""The largest metadata of a chart, in bytes; a Chart.yaml has some hundred."""

_AT_ONCE = 8
"""Requests to a registry at the same time; most of their time is waiting."""


class _Version(Struct, frozen=True):
    """The chart version of one tag.

    Attributes:
        tag: the tag in the registry.
        digest: the digest of its manifest; empty if the tag no longer exists.
        entry: the version as an entry of a chart index; None if it cannot be used.
        problem: why the version was left out; empty if it was not.
    """

    tag: str
    digest: str
    entry: Mapping[str, object] | None = None
    problem: str = ""


class RegistryCharts:
    """Reads charts in registries, as `places.Charts`.

    Args:
        registry: the client for registries.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def index(self, spec: str) -> tuple[bytes, tuple[str, ...]]:
        """Return a chart index in JSON, and a sentence for each version that was left out.

        Args:
            spec: `oci://HOST/PATH/CHART`.

        Raises:
            IndexSourceError: the registry cannot be read.
        """
        repository = reference.parse(spec)
        kept = self._registry.store.tags(repository)
        if self._registry.offline:
            found = self._read(repository, kept)
        else:
            found = self._asked(repository, kept or {})
        entries = [version.entry for version in found if version.entry is not None]
        data = msgspec.json.encode({"apiVersion": "v1", "entries": {repository.name: entries}})
        return data, tuple(version.problem for version in found if version.problem)

    def archive(self, url: str, limit: int) -> bytes:
        """Return the archive at a URL of such an index.

        Args:
            url: `oci://HOST/PATH/CHART@DIGEST`.
            limit: the largest archive that is accepted, in bytes.

        Raises:
            IndexSourceError: the archive cannot be read.
        """
        spec, _, digest = url.partition("@")
        if not reference.DIGEST.fullmatch(digest):
            raise IndexSourceError("a chart in a registry has a sha256 digest", where=spec)
        return self._registry.blob(reference.parse(spec), digest, limit)

    def _read(
        self, repository: RegistryRepository, kept: Mapping[str, str] | None
    ) -> list[_Version]:
        if kept is None:
            raise IndexSourceError(
                "not in the cache, and offline",
                where=str(repository),
                hint="run once without --offline",
            )
        return [self._version(repository, tag, kept[tag]) for tag in kept]

    def _asked(self, repository: RegistryRepository, kept: Mapping[str, str]) -> list[_Version]:
        tags = [tag for tag in self._registry.tags(repository) if reference.version_of(tag)]
        found: list[_Version] = []
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="registry")
        try:
            found.extend(pool.map(partial(self._now, repository, kept), tags))
        finally:
            # After a failure, or on Ctrl-C, nobody waits for the other answers.
            pool.shutdown(wait=False, cancel_futures=True)
            # What has been read counts for the next run, also where a registry wants a pause.
            now = {version.tag: version.digest for version in found if version.digest}
            missing = {tag: kept[tag] for tag in tags[len(found) :] if tag in kept}
            if now | missing != kept:
                self._registry.store.write_tags(repository, now | missing)
        return found

    def _now(self, repository: RegistryRepository, kept: Mapping[str, str], tag: str) -> _Version:
        digest = self._registry.digest(repository, tag) if tag in kept else None
        return self._version(repository, tag, digest or tag)

    def _version(self, repository: RegistryRepository, tag: str, asked: str) -> _Version:
        data = self._registry.manifest(repository, asked)
        if data is None:
            return _Version(tag, "", problem=f"{repository.name} tag {tag} is left out: it is gone")
        digest = digest_of(data)
        try:
            return _Version(tag, digest, self._entry(repository, tag, data))
        except _UnusableError as error:
            problem = f"{repository.name} tag {tag} is left out: it {error}"
            return _Version(tag, digest, problem=problem)

    def _entry(self, repository: RegistryRepository, tag: str, data: bytes) -> Mapping[str, object]:
        try:
            found = manifest.parse(data, tag)
        except IndexSourceError:
            raise _UnusableError("is not a single artifact") from None
        layer = found.layer(manifest.CHART_CONTENT)
        if found.config.media_type != manifest.CHART_CONFIG or layer is None:
            raise _UnusableError("is not a Helm chart")
        metadata = self._registry.blob(repository, found.config, _MAX_CONFIG)
        try:
            config = manifest.chart(metadata, tag)
        except IndexSourceError:
            raise _UnusableError("has metadata that is not that of a chart") from None
        if parse(config.version) != reference.version_of(tag):
            raise _UnusableError("holds a chart of another version")
        return manifest.entry(config, layer, f"{repository}@{layer.digest}", found.created)


class _UnusableError(Exception):
    """A tag is not a usable version of the chart; the message says why."""
