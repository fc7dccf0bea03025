"""Build the environment for git that connects to a remote: settings, and the credential.

The environment configures a credential helper for the remote's own host, which reads the credential
from the same environment. So the credential is in no argument, no URL and no file, and is not sent
to another host after a redirect.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from fluxbump.git import network_process
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.git.token import Credential
from fluxbump.system import certificates, token_transport

_USERNAME, _PASSWORD = "FLUXBUMP_GIT_USERNAME", "FLUXBUMP_GIT_PASSWORD"
# printf is part of the shell, so the secret is in no argument here either; single quotes keep the
# shell that git starts from seeing anything but names.
_HELPER = (
    '!f() { test "$1" = get && '
    f'printf \'username=%s\\npassword=%s\\n\' "${_USERNAME}" "${_PASSWORD}"; }}; f'
)
_SETTINGS = (
    # A push that stands still for this long is cut; servers send a sign of life while they work.
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "120"),
    ("http.followRedirects", "initial"),
    # Hooks would inherit the secret, and may ask somebody.
    ("core.hooksPath", os.devnull),
    # Nothing may go on in the background afterwards.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    # Find what the remote has of ours, also when its branches have moved on.
    ("push.negotiate", "true"),
)


def environment(
    url: RemoteUrl, credential: Credential | None, environ: Mapping[str, str], ssh: str = "ssh"
) -> dict[str, str]:
    """Return the whole environment for git that connects to a remote. Pure.

    Args:
        url: the remote's URL.
        credential: the credential for the remote; None if there is none.
        environ: the environment to start from.
        ssh: the ssh command of git's configuration.

    Raises:
        RefusedError: the credential would go over http to a host that is not allowed.
    """
    allowed = token_transport.http_hosts(environ)
    env = {**network_process.quiet(environ), **certificates.for_git(environ)}
    settings = list(_SETTINGS)
    if url.scheme == "https":
        # A redirect may not take away the encryption, and with it what was sent before.
        settings.append(("protocol.http.allow", "never"))
    if url.scheme == "ssh" and not ("GIT_SSH" in env and "GIT_SSH_COMMAND" not in env):
        # ssh_config(5): BatchMode asks nobody. The variable wins over core.sshCommand, so what
        # that says comes along; GIT_SSH names a program and takes no options.
        env["GIT_SSH_COMMAND"] = f"{env.get('GIT_SSH_COMMAND') or ssh} -o BatchMode=yes"
    if not token_transport.is_safe(url.url, allowed):
        if credential is not None:
            token_transport.require_safe(url.url, allowed)
        settings += _anonymous(url)
    elif credential is not None and url.is_http:
        env.pop("GIT_SSL_NO_VERIFY", None)
        env |= {_USERNAME: credential.username, _PASSWORD: credential.secret.reveal()}
        settings += [
            *_anonymous(url),
            (f"credential.{url.site}.helper", _HELPER),
            # The REST interface cannot be told otherwise either.
            (f"http.{url.url}.sslVerify", "true"),
        ]
    return network_process.configured(env, settings)


def _anonymous(url: RemoteUrl) -> list[tuple[str, str]]:
    """Return settings that keep git from using credentials of its own for a remote."""
    return [
        # An empty value drops the helpers before it (gitcredentials(7)): another one would be
        # asked first, and would be told to store what we have.
        ("credential.helper", ""),
        (f"credential.{url.site}.helper", ""),
        # CI jobs put their own token here (actions/checkout does), and it would win.
        (f"http.{url.url}.extraHeader", ""),
    ]
