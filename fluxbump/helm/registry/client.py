"""Read tags, manifests and blobs from a registry; contents are verified and cached by digest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from fluxbump.errors import IndexSourceError
from fluxbump.helm.registry import manifest
from fluxbump.helm.registry.content_store import ContentStore, digest_of
from fluxbump.helm.registry.logins import Logins
from fluxbump.helm.registry.manifest import Descriptor
from fluxbump.helm.registry.reference import DIGEST, TAG, RegistryRepository
from fluxbump.helm.registry.tokens import Access
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.fetch import HttpReply, HttpRequest, Web

MAX_MANIFEST = 4 << 20
"""The largest manifest or page of tags, in bytes; registries have the same limit."""

MAX_TAGS = 20_000
"""The most tags of one repository."""

_PAGE = 100
"""Tags that one request asks for; some registries refuse more, and many give fewer."""

_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404


class Registry:
    """A client for registries, over the network and from the cache.

    Args:
        web: the HTTP client; if it is offline, only the cache is read.
        environ: the environment, which says where logins are; None for the one of this process.

    The methods raise IndexSourceError if a registry cannot be read, refuses, or sends contents with
    another digest.
    """

    def __init__(self, web: Web, environ: Mapping[str, str] | None = None) -> None:
        self._web = web
        self._access = Access(web, Logins(os.environ if environ is None else environ))
        self.store = ContentStore(web.directory / "oci")

    @property
    def offline(self) -> bool:
        """Whether registries are not asked, so that only the cache is read."""
        return self._web.offline

    def tags(self, repository: RegistryRepository) -> tuple[str, ...]:
        """Return all tags of a repository, in the registry's order."""
        found: dict[str, None] = {}
        url: str | None = f"{repository.api}/tags/list?n={_PAGE}"
        while url:
            asked = HttpRequest(url, MAX_MANIFEST, "application/json")
            reply = self._asked(repository, asked)
            if reply.status == _NOT_FOUND:
                _fail(repository, "the registry has no such repository", "check the path")
            page = manifest.tags(reply.body, str(repository))
            before = len(found)
            found.update(dict.fromkeys(tag for tag in page if TAG.fullmatch(tag)))
            if len(found) > MAX_TAGS:
                message = f"it has more than {MAX_TAGS:,} tags"
                _fail(repository, message, "give the URL of a chart index, or a copy of it")
            # A page that brings nothing new could be followed by itself for ever.
            url = _next(repository, url, reply) if len(found) > before else None
        return tuple(found)

    def digest(self, repository: RegistryRepository, tag: str) -> str | None:
        """Return the digest of a tag's manifest, without reading the manifest.

        Returns:
            None if there is no such tag, or if the registry does not give the digest.
        """
        url = f"{repository.api}/manifests/{tag}"
        asked = HttpRequest(url, MAX_MANIFEST, manifest.ACCEPTED, method="HEAD")
        reply = self._asked(repository, asked)
        said = reply.headers.get("docker-content-digest", "")
        return said if reply.status == _OK and DIGEST.fullmatch(said) else None

    def manifest(self, repository: RegistryRepository, reference: str) -> bytes | None:
        """Return the bytes of a manifest; None if the registry has no such manifest.

        Args:
            repository: the repository that has it.
            reference: the tag or the digest.
        """
        is_digest = DIGEST.fullmatch(reference) is not None
        data = self.store.read(reference) if is_digest else None
        if data is None:
            url = f"{repository.api}/manifests/{reference}"
            asked = HttpRequest(url, MAX_MANIFEST, manifest.ACCEPTED)
            reply = self._asked(repository, asked)
            if reply.status == _NOT_FOUND:
                return None
            data = reply.body
            said = reference if is_digest else reply.headers.get("docker-content-digest", "")
            if DIGEST.fullmatch(said):
                _verify(repository, data, said)
            self.store.write(data)
        return data

    def blob(self, repository: RegistryRepository, wanted: Descriptor | str, limit: int) -> bytes:
        """Return the bytes of a blob.

        Args:
            repository: the repository that has it.
            wanted: the blob's descriptor in a manifest, or its digest.
            limit: the largest blob that is accepted, in bytes.
        """
        digest = wanted if isinstance(wanted, str) else wanted.digest
        size = None if isinstance(wanted, str) else wanted.size
        if size is not None and size > limit:
            message = f"{digest} is larger than {limit / (1 << 20):g} MiB"
            _fail(repository, message, "check that the path is that of the chart or artifact")
        data = self.store.read(digest)
        if data is None:
            asked = HttpRequest(f"{repository.api}/blobs/{digest}", limit)
            reply = self._asked(repository, asked)
            if reply.status == _NOT_FOUND:
                message = f"the registry does not have {digest}, which it names"
                _fail(repository, message, "tell the operator of the registry, or push it again")
            data = reply.body
            if size is not None and len(data) != size:
                message = f"the registry sends {len(data)} bytes for {digest}, not {size}"
                _fail(repository, message, _DAMAGED)
            _verify(repository, data, digest)
            self.store.write(data)
        return data

    def _asked(self, repository: RegistryRepository, request: HttpRequest) -> HttpReply:
        """Send a request about a repository, and return an answer with status 200 or 404.

        All other answers are raised as IndexSourceError.
        """
        reply = self._sent(repository, request)
        if reply.elsewhere and reply.status != _OK:
            message = f"the server that it redirects to answers HTTP {reply.status}"
            _fail(repository, message, "try again later")
        if reply.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self._access.refusal(repository)
        if reply.status not in (_OK, _NOT_FOUND):
            hint = f"check that {repository.host} is an OCI registry"
            _fail(repository, f"cannot be read: HTTP {reply.status}", hint)
        return reply

    def _sent(self, repository: RegistryRepository, request: HttpRequest) -> HttpReply:
        secret = self._access.header(repository)
        reply = self._answered(replace(request, authorization=secret))
        if reply.status != _UNAUTHORIZED or reply.elsewhere:
            return reply
        # Nobody was brought in yet, or a token has run out.
        self._access.renew(repository, secret, reply)
        return self._answered(replace(request, authorization=self._access.header(repository)))

    def _answered(self, request: HttpRequest) -> HttpReply:
        try:
            return self._web.ask(request)
        except HttpError as error:
            raise error.reading("from the registry", IndexSourceError) from None


_DAMAGED = "try again, and tell the operator of the registry if it stays so"


def _next(repository: RegistryRepository, url: str, reply: HttpReply) -> str | None:
    """Return the URL of the next page of tags, which must be at the registry itself.

    The request has our token, so it may not go to another host.
    """
    named = manifest.next_page(reply.headers.get("link", ""))
    if named is None:
        return None
    try:
        target = urlsplit(urljoin(url, named))
    except ValueError:
        target = urlsplit("")
    here = urlsplit(repository.api)
    if (target.scheme, target.netloc) != (here.scheme, here.netloc):
        message = "its list of tags goes on at another host"
        _fail(repository, message, "tell the operator of the registry")
    return target.geturl()


def _verify(repository: RegistryRepository, data: bytes, digest: str) -> None:
    found = digest_of(data)
    if found != digest:
        _fail(repository, f"the registry sends {found} for {digest}", _DAMAGED)


def _fail(repository: RegistryRepository, message: str, hint: str) -> NoReturn:
    raise IndexSourceError(message, where=str(repository), hint=hint)
