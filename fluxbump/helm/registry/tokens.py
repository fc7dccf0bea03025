"""Get the authorization that a registry asks for: a token, or a name and a password."""

from __future__ import annotations

import base64
from threading import Lock

from fluxbump.errors import IndexSourceError
from fluxbump.helm.registry import manifest
from fluxbump.helm.registry.challenge import (
    Challenge,
    TokenService,
    challenges,
    login_key,
    token_service,
)
from fluxbump.helm.registry.logins import FoundLogin, Login, Logins
from fluxbump.helm.registry.reference import RegistryRepository
from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.fetch import HttpReply, HttpRequest, Redirects, Web
from fluxbump.system.secret import Secret

_LARGEST = 1 << 20  # bytes of an answer with a token
_OK = 200


class Access:
    """The authorization for each repository; several threads may use it at the same time.

    A token is used for the repository that it was requested for, and is not sent to hosts other
    than its registry.

    Args:
        web: the HTTP client for token services.
        logins: the logins for registries.
    """

    def __init__(self, web: Web, logins: Logins) -> None:
        self._web = web
        self._logins = logins
        self._lock = Lock()
        self._headers: dict[RegistryRepository, Secret] = {}

    def header(self, repository: RegistryRepository) -> Secret:
        """Return the `Authorization` header for a repository; empty if none is known."""
        return self._headers.get(repository, Secret(""))

    def renew(self, repository: RegistryRepository, refused: Secret, reply: HttpReply) -> None:
        """Get a new `Authorization` header, after an answer with status 401.

        Args:
            repository: the repository that was asked.
            refused: the header that was refused. If another thread has got a new one since, that
                one is kept.
            reply: the answer, which names the authentication schemes.

        Raises:
            IndexSourceError: no scheme works; the message says why.
        """
        with self._lock:
            if self.header(repository) is refused or not self.header(repository):
                ways = challenges(reply.headers.get("www-authenticate", ""))
                self._headers[repository] = self._brought(repository, ways)

    def refusal(self, repository: RegistryRepository) -> IndexSourceError:
        """Return the error for a repository that refuses the authorization."""
        return _refused(repository, self._logins.find(repository.login_key))

    def _brought(self, repository: RegistryRepository, ways: tuple[Challenge, ...]) -> Secret:
        # A registry that offers both means a person by `Basic`, and a program by `Bearer`.
        bearer = next((way for way in ways if way.scheme == "bearer"), None)
        if bearer is not None:
            service = token_service(repository, bearer)
            return Secret(f"Bearer {self._token(repository, service).reveal()}")
        found = self._logins.find(repository.login_key)
        if not any(way.scheme == "basic" for way in ways):
            raise IndexSourceError(
                "the registry takes neither a token nor a password",
                where=str(repository),
                hint="give the URL of a chart index, or a copy of it",
            )
        if found.login is None or not found.login.username:
            raise _refused(repository, found)
        return _basic(found.login)

    def _token(self, repository: RegistryRepository, service: TokenService) -> Secret:
        key = login_key(repository, service)
        found = self._logins.find(key)
        try:
            reply = self._web.ask(_question(service, found.login))
        except HttpError as error:
            what = "from the registry's token service"
            raise error.reading(what, IndexSourceError) from None
        if reply.status == _OK:
            return manifest.token(reply.body, str(repository))
        own = self._logins.find(repository.login_key)
        if found.login is None and own.login is not None:
            raise IndexSourceError(
                f"the registry's token service is on another domain, {service.host}",
                where=str(repository),
                facts=[f"fluxbump does not send it the login for {repository.host}"],
                hint=f"to send it a login, give {service.host} an entry in Docker's config.json",
            )
        raise _refused(repository, found)


def _question(service: TokenService, login: Login | None) -> HttpRequest:
    # Not led elsewhere: a redirect would take a form with a secret along.
    if login is not None and not login.username:
        form = service.exchange(login.secret)
        return HttpRequest(
            service.url, _LARGEST, method="POST", body=form, redirects=Redirects.ANSWER
        )
    who = _basic(login) if login is not None else Secret("")
    return HttpRequest(service.question, _LARGEST, authorization=who, redirects=Redirects.ANSWER)


def _basic(login: Login) -> Secret:
    pair = f"{login.username}:{login.secret.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")


def _refused(repository: RegistryRepository, found: FoundLogin) -> IndexSourceError:
    host = repository.host
    how = f"helm registry login {host}"
    if found.login is not None:
        message = f"the registry refuses the login from {found.login.source}"
        hint = f"log in again: {how}"
    else:
        message = "the registry has no such repository, or shows it only after a login"
        hint = f"check the path, or log in: {how}"
    return IndexSourceError(message, where=str(repository), facts=found.problems, hint=hint)
