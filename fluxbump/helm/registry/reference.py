"""Parse `oci://` URLs of registry repositories, and the versions in tags. Pure.

The shapes of names, tags and digests are those of the OCI Distribution Specification 1.1.
"""

from __future__ import annotations

from msgspec import Struct
from semver import Version

from fluxbump.errors import IndexSourceError
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

DIGEST = lazy_pattern(r"sha256:[0-9a-f]{64}")
"""The supported digests; registries use no others for charts and artifacts of Flux."""

TAG = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")

_SCHEME = "oci://"
_HOST = lazy_pattern(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_LOOPBACK = lazy_pattern(r"(?:.+\.)?localhost|127(?:\.[0-9]{1,3}){3}|::1")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = lazy_pattern(rf"{_PART}(?:/{_PART})*")
_WITH_PARENT = 3
"""The least number of labels of a host that has a parent domain; two labels are a domain."""
_LONGEST = 255  # characters of a path
_HINT = "give oci://HOST/PATH/CHART"

HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
"""The host names of Docker's own registry."""

HUB_LOGIN = "https://index.docker.io/v1/"
"""Docker's key for the login of its own registry, from the first version of its API."""


class RegistryRepository(Struct, frozen=True):
    """A repository in a registry, for example the one with the versions of a chart.

    Attributes:
        host: the registry's host in lower case, with the port if one was given.
        path: the repository's path in the registry.
    """

    host: str
    path: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.host}/{self.path}"

    @property
    def name(self) -> str:
        """The last part of the path; for a chart it is the chart's name."""
        return self.path.rpartition("/")[2]

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine; such a registry is asked without TLS."""
        return is_loopback(host_name(self.host))

    @property
    def api(self) -> str:
        """The base URL of this repository in the registry's API."""
        host = "registry-1.docker.io" if self.host in HUB else self.host
        scheme = "http" if self.is_loopback else "https"
        return f"{scheme}://{host}/v2/{self.path}"

    @property
    def login_key(self) -> str:
        """The key of the registry in credential stores."""
        return HUB_LOGIN if self.host in HUB else self.host


def parse(spec: str) -> RegistryRepository:
    """Parse `oci://HOST/PATH`.

    Raises:
        IndexSourceError: `spec` has another form. The message does not quote a part that may be a
            password.
    """
    host, _, path = spec.strip()[len(_SCHEME) :].partition("/")
    if "@" in host:
        raise IndexSourceError(
            "a registry's URL has no user and password",
            hint="log in with `helm registry login HOST` or `docker login HOST`",
        )
    if not _HOST.fullmatch(host):
        raise IndexSourceError("the registry's URL names no valid host", hint=_HINT)
    place = f"{_SCHEME}{host}/…"
    if "@" in path:
        raise IndexSourceError("a digest names no chart's versions", where=place, hint=_HINT)
    if ":" in path:
        raise IndexSourceError("a tag names no chart's versions", where=place, hint=_HINT)
    path = path.rstrip("/")
    if not _PATH.fullmatch(path) or len(path) > _LONGEST:
        raise IndexSourceError("the path is not one in a registry", where=place, hint=_HINT)
    return RegistryRepository(host.lower(), path)


def version_of(tag: str) -> Version | None:
    """Return the chart version that a tag stands for; None if the tag is not a version.

    Tags have no `+`, so Helm writes `_` (https://helm.sh/docs/topics/registries/).
    """
    return versions.parse(tag.replace("_", "+"))


def host_name(host: str) -> str:
    """Return the name in `host`, without the port and brackets."""
    match = _HOST.fullmatch(host)
    return (match["name"] if match else host).strip("[]").lower()


def is_loopback(name: str) -> bool:
    """Whether a host name, without port and brackets, stands for this machine."""
    return _LOOPBACK.fullmatch(name) is not None


def is_kin(name: str, registry: str) -> bool:
    """Whether a host belongs to the operator of a registry, judging by the names.

    That is so for the registry itself, and for hosts with the same parent domain: `auth.docker.io`
    for `registry-1.docker.io`, `gitlab.com` for `registry.gitlab.com`.
    """
    if name == registry or (is_loopback(name) and is_loopback(registry)):
        return True
    labels = registry.split(".")
    parent = ".".join(labels if len(labels) < _WITH_PARENT else labels[1:])
    is_address = ":" in registry or labels[-1].isdecimal()
    return not is_address and "." in parent and (name == parent or name.endswith(f".{parent}"))
