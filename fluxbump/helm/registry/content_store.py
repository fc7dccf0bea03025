"""Cache contents of registries on disk, by digest, and the digests of tags."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from fluxbump.helm.registry.reference import DIGEST, RegistryRepository
from fluxbump.system import cache_file


def digest_of(data: bytes) -> str:
    """Return the digest of some bytes: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def parse_tags(data: bytes) -> Mapping[str, str] | None:
    """Read a cache file with the digest of each tag; None if it is damaged."""
    try:
        found = msgspec.json.decode(data, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return {tag: found[tag] for tag in found if DIGEST.fullmatch(found[tag])}


class ContentStore(Struct, frozen=True):
    """A directory with cached contents of registries.

    A file that is damaged or cannot be read counts as missing, and a directory that cannot be
    written is no error. All registries share one folder, because contents with the same digest are
    the same.
    """

    directory: Path

    def read(self, digest: str) -> bytes | None:
        """Return the contents with a digest; None if they are not in the cache."""
        with suppress(OSError):
            data = self._blob(digest).read_bytes()
            return data if digest_of(data) == digest else None
        return None

    def write(self, data: bytes) -> None:
        """Write contents to the cache, under their digest."""
        cache_file.write(self._blob(digest_of(data)), data)

    def tags(self, repository: RegistryRepository) -> Mapping[str, str] | None:
        """Return the manifest's digest of each tag at the last run; None if it was never read."""
        with suppress(OSError):
            return parse_tags(self._tags(repository).read_bytes())
        return None

    def write_tags(self, repository: RegistryRepository, tags: Mapping[str, str]) -> None:
        """Write the digest of each tag to the cache."""
        cache_file.write(self._tags(repository), msgspec.json.encode(dict(tags)))

    def _blob(self, digest: str) -> Path:
        return self.directory / "blobs" / digest.partition(":")[2]

    def _tags(self, repository: RegistryRepository) -> Path:
        name = hashlib.sha256(str(repository).encode()).hexdigest()
        return self.directory / "tags" / f"{name}.json"
