"""Parse the challenges of a registry, and find the service that gives tokens for it. Pure.

The token flow is that of distribution/distribution, docs/content/spec/auth/token.md; challenges are
those of RFC 9110, 11.6.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from fluxbump.errors import IndexSourceError
from fluxbump.helm.registry.reference import RegistryRepository, host_name, is_kin, is_loopback
from fluxbump.system.secret import Secret
from fluxbump.text.patterns import lazy_pattern

_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PIECE = lazy_pattern(
    rf'[\s,]*(?:(?P<key>{_NAME})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_NAME}))'
    rf"|(?P<scheme>{_NAME})(?=[\s,]|$))"
)
_ESCAPED = lazy_pattern(r"\\(.)")


class Challenge(Struct, frozen=True):
    """One authentication scheme that a registry offers.

    Attributes:
        scheme: `basic`, `bearer` or another, in lower case.
        parameters: the values of the challenge, by name in lower case.
    """

    scheme: str
    parameters: Mapping[str, str]


class TokenService(Struct, frozen=True):
    """A service that gives tokens for a registry.

    Attributes:
        url: the service's URL, without the parameters of a request.
        service: the name of the registry at the service; empty if the registry gives none.
        scope: the access that the token gives.
        host: the service's host, with the port if the URL has one.
    """

    url: str
    service: str
    scope: str
    host: str

    @property
    def question(self) -> str:
        """The URL that requests a token."""
        asked = urlencode([*self._service(), ("scope", self.scope)])
        return f"{self.url}{'&' if urlsplit(self.url).query else '?'}{asked}"

    def exchange(self, identity: Secret) -> Secret:
        """Return the form that requests a token with an identity token (…/auth/oauth.md)."""
        form = [("grant_type", "refresh_token"), ("client_id", "fluxbump"), *self._service()]
        form += [("scope", self.scope), ("refresh_token", identity.reveal())]
        return Secret(urlencode(form))

    def _service(self) -> list[tuple[str, str]]:
        return [("service", self.service)] if self.service else []


def challenges(header: str) -> tuple[Challenge, ...]:
    """Parse a `WWW-Authenticate` header, up to the first part that is not understood."""
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while piece := _PIECE.match(header, position):
        position = piece.end()
        if piece["scheme"]:
            found.append((piece["scheme"].lower(), {}))
        elif found:
            text = piece["plain"] or _ESCAPED.sub(r"\1", piece["quoted"] or "")
            found[-1][1].setdefault(piece["key"].lower(), text)
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def token_service(repository: RegistryRepository, challenge: Challenge) -> TokenService:
    """Return the token service that a registry names.

    If the registry has TLS, its service must have TLS too. The scope is always to read one
    repository, whatever the registry suggests.

    Raises:
        IndexSourceError: the registry names no valid URL, or one that is less safe than its own.
    """
    realm = challenge.parameters.get("realm", "")
    try:
        parts = urlsplit(realm)
        host, _ = parts.hostname or "", parts.port  # reading the port validates it
    except ValueError:
        host = ""
    plain_is_safe = repository.is_loopback and is_loopback(host)
    safe = parts.scheme == "https" or (parts.scheme == "http" and plain_is_safe) if host else False
    if not safe or "@" in parts.netloc or not realm.isprintable():
        raise IndexSourceError(
            "the registry names no https URL where a token can be asked for",
            where=str(repository),
            facts=["a proxy can be the cause"],
            hint="check the proxy, or tell the operator of the registry",
        )
    return TokenService(
        url=parts._replace(fragment="").geturl(),
        service=challenge.parameters.get("service", ""),
        scope=f"repository:{repository.path}:pull",
        host=parts.netloc.lower(),
    )


def login_key(repository: RegistryRepository, service: TokenService) -> str:
    """Return the key of the login to send to a token service.

    It is the registry's login only if `is_kin` says that the service belongs to the registry.
    """
    kin = is_kin(host_name(service.host), host_name(repository.host))
    return repository.login_key if kin else service.host
