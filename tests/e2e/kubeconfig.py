"""As much of a kubeconfig as it takes to reach a server: see `client`."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from fluxbump.text import yaml_load

_TIMEOUT = 60  # seconds


@contextmanager
def client(text: str, directory: Path = Path()) -> Iterator[httpx.Client]:
    """Open a client of the current context's server.

    Args:
        text: of the kubeconfig.
        directory: that its relative paths start from.

    Raises:
        ValueError: it has no current context, or its user proves who they are by other means than
            a token or a certificate.
    """
    found = yaml_load.load(text)
    config: dict[str, Any] = found if isinstance(found, dict) else {}
    context = _named(config, "context", config.get("current-context"))
    cluster = _named(config, "cluster", context.get("cluster"))
    user = _named(config, "user", context.get("user"))
    with ExitStack() as stack:
        trust = _trust(cluster, directory)
        headers = {}
        if "token" in user:
            headers["Authorization"] = f"Bearer {user['token']}"
        elif _data(user, "client-certificate", directory):
            trust.load_cert_chain(*_files(user, directory, stack))
        else:
            raise ValueError("the user of this kubeconfig has neither a token nor a certificate")
        yield stack.enter_context(
            httpx.Client(
                base_url=cluster["server"],
                verify=trust,
                headers=headers,
                timeout=_TIMEOUT,
                trust_env=False,
            )
        )


def _named(config: dict[str, Any], what: str, name: object) -> dict[str, Any]:
    for entry in config.get(f"{what}s") or ():
        if entry["name"] == name:
            found: dict[str, Any] = entry[what]
            return found
    raise ValueError(f"this kubeconfig has no {what} called {name}")


def _trust(cluster: dict[str, Any], directory: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", directory)
    return ssl.create_default_context(cadata=authority.decode() if authority else None)


def _data(entry: dict[str, Any], key: str, directory: Path) -> bytes:
    if f"{key}-data" in entry:
        return base64.b64decode(entry[f"{key}-data"])
    return (directory / entry[key]).read_bytes() if key in entry else b""


def _files(user: dict[str, Any], directory: Path, stack: ExitStack) -> list[str]:
    """Write the certificate and its key where the ssl module can read them."""
    private = Path(stack.enter_context(TemporaryDirectory(prefix="fluxbump-")))
    files = []
    for key in ("client-certificate", "client-key"):
        file = private / key
        file.write_bytes(_data(user, key, directory))
        files.append(str(file))
    return files
