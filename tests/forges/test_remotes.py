from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.errors import ForgeError, UsageError
from fluxbump.forges import detect as remotes
from fluxbump.forges.detect import Hosted
from fluxbump.forges.kinds import KINDS
from fluxbump.forges.registry import adapter, connect
from fluxbump.git.remote_url import parse
from fluxbump.system.secret import Secret


def detect(remote: str, *, kind: str | None = None, forge_url: str | None = None) -> Hosted:
    return remotes.detect(parse(remote)[0], kind=kind, forge_url=forge_url)


HUB = Hosted("github", "https://api.github.com", "acme/monorepo")
LAB = Hosted("gitlab", "https://gitlab.com/api/v4", "acme/infra/gitops/monorepo")
AZURE = Hosted("azure", "https://dev.azure.com", "acme/Our Project/mono repo")


@pytest.mark.parametrize(
    ("remote", "hosted"),
    [
        ("https://github.com/acme/monorepo", HUB),
        ("https://github.com/acme/monorepo.git/", HUB),
        ("https://x-access-token:ghp_secret@github.com/acme/monorepo.git", HUB),
        ("https://ghp_secret@GitHub.com//acme/monorepo.git", HUB),
        ("http://github.com:80/acme/monorepo.git", HUB),
        ("https://github.com:443/acme/monorepo.git", HUB),
        ("git@github.com:acme/monorepo.git", HUB),
        ("github.com:/acme/monorepo", HUB),
        ("ssh://git@github.com/acme/monorepo.git", HUB),
        ("ssh://git@github.com:22/acme/monorepo.git", HUB),
        ("ssh://git@ssh.github.com:443/acme/monorepo.git", HUB),
        ("git@acme.ghe.com:o/r.git", Hosted("github", "https://api.acme.ghe.com", "o/r")),
        ("https://gitlab.com/acme/infra/gitops/monorepo.git", LAB),
        ("git@gitlab.com:acme/infra/gitops/monorepo.git", LAB),
        ("ssh://git@altssh.gitlab.com:443/acme/infra/gitops/monorepo.git", LAB),
        ("https://codeberg.org/o/r", Hosted("forgejo", "https://codeberg.org/api/v1", "o/r")),
        ("git@gitea.com:o/r.git", Hosted("gitea", "https://gitea.com/api/v1", "o/r")),
        (
            "https://me@bitbucket.org/o/r.git",
            Hosted("bitbucket", "https://api.bitbucket.org/2.0", "o/r"),
        ),
        ("https://dev.azure.com/acme/Our%20Project/_git/mono%20repo", AZURE),
        ("https://acme@dev.azure.com/acme/Our%20Project/_git/_optimized/mono%20repo", AZURE),
        ("git@ssh.dev.azure.com:v3/acme/Our%20Project/mono%20repo", AZURE),
        ("ssh://git@ssh.dev.azure.com:22/v3/acme/Our%20Project/mono%20repo", AZURE),
        ("https://acme.visualstudio.com/Our%20Project/_git/mono%20repo", AZURE),
        ("https://acme.visualstudio.com/DefaultCollection/Our%20Project/_git/mono%20repo", AZURE),
        ("acme@vs-ssh.visualstudio.com:v3/acme/Our%20Project/mono%20repo", AZURE),
        ("https://dev.azure.com/o/_git/r", Hosted("azure", "https://dev.azure.com", "o/r/r")),
    ],
)
def test_known_hosts(remote: str, hosted: Hosted) -> None:
    assert detect(remote) == hosted


@pytest.mark.parametrize(
    ("remote", "kind", "forge_url", "api_base", "path"),
    [
        ("git@git.acme.org:o/r.git", "github", None, "https://git.acme.org/api/v3", "o/r"),
        ("ssh://git@git.acme.org:2222/o/r", "gitea", None, "https://git.acme.org/api/v1", "o/r"),
        (
            "https://git.acme.org:8443/o/p/r.git", "gitlab", None,
            "https://git.acme.org:8443/api/v4", "o/p/r",
        ),
        (
            "https://acme.org/gitlab/o/p/r.git", "gitlab", "https://acme.org/gitlab/",
            "https://acme.org/gitlab/api/v4", "o/p/r",
        ),
        (
            "git@acme.org:o/p/r.git", "gitlab", "https://acme.org/gitlab",
            "https://acme.org/gitlab/api/v4", "o/p/r",
        ),
        (
            "git@git.acme.org:o/r.git", "forgejo", "https://code.acme.org/api/v1",
            "https://code.acme.org/api/v1", "o/r",
        ),
        (
            "http://127.0.0.1:81/o/r.git", "github", "http://127.0.0.1:82/api/v3",
            "http://127.0.0.1:82/api/v3", "o/r",
        ),
        ("https://[::1]:81/o/r.git", "gitea", None, "https://[::1]:81/api/v1", "o/r"),
        (
            "https://tfs.acme.org/tfs/Main/Project/_git/r", "azure", None,
            "https://tfs.acme.org/tfs", "Main/Project/r",
        ),
        (
            "https://tfs.acme.org/tfs/Main/_git/r", "azure", "https://tfs.acme.org/tfs",
            "https://tfs.acme.org/tfs", "Main/r/r",
        ),
        ("work:o/r.git", None, "https://github.com", "https://api.github.com", "o/r"),
        ("work:o/r.git", None, "https://api.github.com/", "https://api.github.com", "o/r"),
        (
            "work:o/r.git", "bitbucket", "http://127.0.0.1:1/2.0",
            "http://127.0.0.1:1/2.0", "o/r",
        ),
    ],
)  # fmt: skip
def test_the_configuration_decides(
    remote: str, kind: str | None, forge_url: str | None, api_base: str, path: str
) -> None:
    found = detect(remote, kind=kind, forge_url=forge_url)
    assert (found.api_base, found.path) == (api_base, path)
    assert found.kind == (kind or "github")


@pytest.mark.parametrize(
    ("remote", "reason"),
    [
        ("https://git.acme.org/o/r.git", "unknown kind of forge: git.acme.org"),
        ("git@git.acme.org:o/r.git", "unknown kind of forge: git.acme.org"),
        ("https://github.com.evil.org/o/r", "unknown kind of forge: github.com.evil.org"),
        ("/srv/git/r.git", "a local repository"),
        ("../r", "a local repository"),
        ("file:///srv/git/r.git", "a local repository"),
        ("https://github.com/", "does not name a repository"),
        ("https://github.com/o", "does not name a repository"),
        ("https://github.com/../r", "does not name a repository"),
        ("https://github.com/o/a%2Fb", "does not name a repository"),
        ("https://github.com/o/a%0Ab", "does not name a repository"),
        ("https://dev.azure.com/o/p", "does not name a repository"),
        ("https://dev.azure.com/_git/r", "does not name a repository"),
        ("git@ssh.dev.azure.com:v3/o/r", "does not name a repository"),
    ],
)
def test_what_is_on_no_forge(remote: str, reason: str) -> None:
    with pytest.raises(ForgeError, match=reason):
        detect(remote)


@given(
    st.sampled_from(["", "https://", "ssh://", "git@", "https://github.com/", "git@github.com:"]),
    st.text(alphabet=st.characters(exclude_categories=[])),
    st.sampled_from([None, "gitlab", "azure"]),
)
def test_any_text_is_a_remote_or_an_error(start: str, rest: str, kind: str | None) -> None:
    with suppress(ForgeError, UsageError):
        found = detect(start + rest, kind=kind)
        assert found.api_base.startswith("http")
        assert "@" not in found.api_base
        assert ".." not in found.path.split("/")


@pytest.mark.parametrize(
    "forge_url",
    ["git.acme.org", "https://", "https://[", "https://me:s3cret@acme.org", "file:///x"],
)
def test_an_address_that_no_forge_has(forge_url: str) -> None:
    with pytest.raises(ForgeError, match=r"run\.forge_url is not the URL") as raised:
        detect("git@git.acme.org:o/r.git", kind="gitlab", forge_url=forge_url)
    assert "s3cret" not in str(raised.value)


def test_another_kind_is_refused() -> None:
    with pytest.raises(ForgeError, match="'svn' is not a kind of forge"):
        detect("https://github.com/o/r", kind="svn")


@pytest.mark.parametrize("name", KINDS)
def test_every_adapter_is_a_kind_and_connects(name: str) -> None:
    assert name == KINDS[name].name == adapter(name).NAME
    path = "o/p/r" if name == "azure" else "o/r"
    forge = connect(Hosted(name, "https://forge.example.org/api", path), Secret("t0ken"))
    assert forge.capabilities.name


def test_a_kind_without_an_adapter_is_said() -> None:
    with pytest.raises(ForgeError, match="no adapter for svn"):
        connect(Hosted("svn", "https://svn.example.org", "o/r"), Secret("t0ken"))
