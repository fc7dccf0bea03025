"""Where the token comes from, and that nothing shows it."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from urllib.parse import quote

import pytest

from fluxbump.errors import ToolError, UsageError
from fluxbump.forges.kinds import token_words
from fluxbump.git import remote_url
from fluxbump.git.remote_url import RemoteUrl
from fluxbump.git.token import Credential, find, parse_answer
from fluxbump.system.secret import Secret
from tests.helpers import environment
from tests.secrets import PLANTED, forms, leaks

OTHER = "t0ken-of-somebody-else"


def looked_up(
    tmp_path: Path, url: str = "https://git.example.org/team/flux.git", kind: str | None = None,
    **variables: str,
) -> Credential | None:  # fmt: skip
    remote, userinfo = remote_url.parse(url)
    environ = {**environment(tmp_path), **variables}
    return find(remote, token_words(kind), environ, userinfo=userinfo, cwd=tmp_path)


def told(credential: Credential | None) -> tuple[str, str, str]:
    assert credential is not None
    return credential.username, credential.secret.reveal(), credential.source


def helper(tmp_path: Path, script: str) -> dict[str, str]:
    """Configure a credential helper for one run, as a user does in a file."""
    config = tmp_path / "gitconfig"
    program = tmp_path / "helper"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    config.write_text(f"[credential]\n\thelper = {program}\n", encoding="utf-8")
    return {"GIT_CONFIG_GLOBAL": str(config)}


# --- secrets ----------------------------------------------------------------------------------


def test_a_secret_is_not_shown() -> None:
    secret = Secret(PLANTED)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>40}", "%s" % secret, repr([secret])]  # noqa: UP031  # one of the ways
    assert leaks("".join(shown)) == []
    assert shown[:4] == ["***"] * 4
    assert secret.reveal() == PLANTED
    assert secret
    assert not Secret("")


def test_a_secret_is_not_copied_to_anywhere() -> None:
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(Secret(PLANTED))
    secret = Secret(PLANTED)
    assert copy.deepcopy(secret) is secret
    with pytest.raises(TypeError, match="__dict__"):
        vars(Secret(PLANTED))


def test_a_credential_shows_where_it_is_from_and_no_more() -> None:
    shown = repr(Credential(PLANTED, Secret(PLANTED), "a test"))
    assert leaks(shown) == []
    assert "a test" in shown


@pytest.mark.parametrize("form", ["as it is", "percent-encoded", "percent-encoded path"])
def test_a_credential_takes_itself_out_of_messages(form: str) -> None:
    credential = Credential("bot", Secret(PLANTED), "a test")
    message = f"could not read https://bot:{forms()[form].decode()}@host/"
    assert credential.redact(message) == "could not read https://bot:***@host/"


# --- the order --------------------------------------------------------------------------------


def test_our_own_variable_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(OTHER, encoding="utf-8")
    url = f"https://bot:{OTHER}@git.example.org/team/flux.git"
    found = looked_up(
        tmp_path, url, "gitlab", FLUXBUMP_TOKEN=PLANTED, FLUXBUMP_TOKEN_FILE=str(file),
        GITLAB_TOKEN=OTHER,
    )  # fmt: skip
    assert told(found) == ("oauth2", PLANTED, "FLUXBUMP_TOKEN")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_comes_second(tmp_path: Path, end: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(f"{PLANTED}{end}".encode())
    found = looked_up(
        tmp_path, kind="gitea", FLUXBUMP_TOKEN_FILE=str(file), GITEA_TOKEN=OTHER
    )  # fmt: skip
    assert told(found)[1:] == (PLANTED, f"FLUXBUMP_TOKEN_FILE ({file})")


def test_a_password_in_the_url_comes_before_the_forge_s_variables(tmp_path: Path) -> None:
    found = looked_up(tmp_path, "https://bot:p%2Fw@git.example.org/f", "gitlab", GITLAB_TOKEN=OTHER)
    assert told(found) == ("bot", "p/w", "the repository's URL")


@pytest.mark.parametrize(
    ("kind", "host", "variables", "source"),
    [
        ("github", "github.com", ["GITHUB_TOKEN"], "GITHUB_TOKEN"),
        ("github", "github.com", ["GITHUB_TOKEN", "GH_TOKEN"], "GH_TOKEN"),
        ("github", "team.ghe.com", ["GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN"], "GITHUB_TOKEN"),
        ("github", "git.example.org", ["GH_TOKEN", "GH_ENTERPRISE_TOKEN"], "GH_ENTERPRISE_TOKEN"),
        ("gitlab", "gitlab.com", ["GITLAB_TOKEN", "GITHUB_TOKEN"], "GITLAB_TOKEN"),
        ("gitea", "git.example.org", ["GITEA_TOKEN", "FORGEJO_TOKEN"], "GITEA_TOKEN"),
        ("forgejo", "codeberg.org", ["GITEA_TOKEN", "FORGEJO_TOKEN"], "FORGEJO_TOKEN"),
        ("bitbucket", "bitbucket.org", ["BITBUCKET_TOKEN"], "BITBUCKET_TOKEN"),
        ("azure", "dev.azure.com", ["SYSTEM_ACCESSTOKEN"], "SYSTEM_ACCESSTOKEN"),
    ],
)
def test_each_forge_has_its_variables(
    tmp_path: Path, kind: str, host: str, variables: list[str], source: str
) -> None:
    given = {name: PLANTED if name == source else OTHER for name in variables}
    found = looked_up(tmp_path, f"https://{host}/team/flux", kind, **given)
    assert told(found)[1:] == (PLANTED, source)
    assert found is not None
    assert not found.account


def test_a_token_for_github_com_goes_to_no_other_host(tmp_path: Path) -> None:
    variables = {"GITHUB_TOKEN": OTHER, "GH_TOKEN": OTHER}
    assert looked_up(tmp_path, kind="github", **variables) is None
    assert looked_up(tmp_path, "https://github.com.example.org/f", "github", **variables) is None
    ours = {**variables, "GITHUB_SERVER_URL": "https://git.example.org"}
    assert told(looked_up(tmp_path, kind="github", **ours))[2] == "GH_TOKEN"


def test_a_token_goes_to_no_host_of_an_unknown_kind(tmp_path: Path) -> None:
    assert looked_up(tmp_path, GITHUB_TOKEN=OTHER, GITLAB_TOKEN=OTHER) is None


BITBUCKET = "https://bitbucket.org/team/flux"


@pytest.mark.parametrize("name", ["BITBUCKET_APP_PASSWORD", "BITBUCKET_API_TOKEN"])
def test_a_token_of_an_account_goes_with_it(tmp_path: Path, name: str) -> None:
    both = {"BITBUCKET_USERNAME": "bot", name: PLANTED}
    found = looked_up(tmp_path, BITBUCKET, "bitbucket", **both)
    assert told(found) == ("bot", PLANTED, f"BITBUCKET_USERNAME and {name}")
    assert found is not None
    assert found.account == "bot"
    with pytest.raises(UsageError, match="BITBUCKET_USERNAME is required"):
        looked_up(tmp_path, BITBUCKET, "bitbucket", **{name: PLANTED})
    assert looked_up(tmp_path, "https://gitlab.com/team/flux", "gitlab", **both) is None


@pytest.mark.parametrize(
    ("kind", "answered", "names"),
    [
        ("bitbucket", "bot", ("bot", "bot")),
        ("bitbucket", "bot@example.org", ("x-bitbucket-api-token-auth", "bot@example.org")),
        ("bitbucket", "x-token-auth", ("x-token-auth", "")),
        ("bitbucket", "x-bitbucket-api-token-auth", ("x-bitbucket-api-token-auth", "")),
        ("gitea", "bot@example.org", ("bot@example.org", "bot@example.org")),
        ("gitlab", "oauth2", ("oauth2", "")),
    ],
)
@pytest.mark.parametrize("source", ["the repository's URL", "git's credential helper"])
def test_git_and_the_forge_each_get_the_name_that_they_take(
    tmp_path: Path, source: str, kind: str, answered: str, names: tuple[str, str]
) -> None:
    user = f"{quote(answered)}:{OTHER}@" if "URL" in source else ""
    config = helper(tmp_path, f"echo username={answered}; echo password={OTHER}")
    found = looked_up(tmp_path, f"https://{user}git.example.org/team/flux", kind, **config)
    assert found is not None
    assert (found.username, found.account) == names
    assert told(found)[1:] == (OTHER, source)


# --- git's helpers ----------------------------------------------------------------------------


def test_git_s_helper_is_asked_after_the_variables(tmp_path: Path) -> None:
    question = tmp_path / "question"
    config = helper(
        tmp_path, f"cat > {question}; printf 'username=bot\\npassword=%s\\n' {OTHER}"
    )  # fmt: skip
    found = looked_up(tmp_path, "https://alice@git.example.org:8443/team/flux.git", **config)
    assert told(found) == ("bot", OTHER, "git's credential helper")
    asked = question.read_text("utf-8").splitlines()
    assert {"protocol=https", "host=git.example.org:8443", "username=alice"} <= set(asked)
    assert told(looked_up(tmp_path, kind="gitlab", GITLAB_TOKEN=PLANTED, **config))[1] == PLANTED


def test_a_remote_behind_ssh_has_its_token_for_https(tmp_path: Path) -> None:
    question = tmp_path / "question"
    config = helper(tmp_path, f"cat > {question}; echo username=bot; echo password={OTHER}")
    assert looked_up(tmp_path, "ssh://git@git.example.org:2222/team/flux.git", **config)
    assert {"protocol=https", "host=git.example.org"} <= set(
        question.read_text("utf-8").splitlines()
    )


def test_nobody_is_asked(tmp_path: Path) -> None:
    """Neither a helper's window nor the terminal: no helper means no credential."""
    asked = tmp_path / "asked"
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\ntouch {asked}\necho {OTHER}\n", encoding="utf-8")
    ask.chmod(0o755)
    everywhere = {"GIT_ASKPASS": str(ask), "SSH_ASKPASS": str(ask), "DISPLAY": ":0"}
    assert looked_up(tmp_path, **everywhere) is None
    assert not asked.exists()


def test_a_user_in_the_url_may_be_a_token(tmp_path: Path) -> None:
    found = looked_up(tmp_path, "https://some-token@git.example.org/team/flux.git")
    assert told(found) == ("some-token", "", "the repository's URL")
    taken = looked_up(
        tmp_path, "https://alice@bitbucket.org/team/flux", "bitbucket", BITBUCKET_TOKEN=PLANTED
    )
    assert told(taken) == ("x-token-auth", PLANTED, "BITBUCKET_TOKEN")


def test_git_that_is_missing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Popen looks for programs on the PATH of this process where the environment has none.
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="git is not installed"):
        looked_up(tmp_path, PATH=str(tmp_path))


@pytest.mark.parametrize("text", ["", "username=a\n", "password=b\n", "username=a\npassword=\n"])
def test_half_an_answer_is_none(text: str) -> None:
    assert parse_answer(text) is None


# --- what cannot be a token -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("a\nb", "more than one line"),
        ("a\rb", "more than one line"),
        ("a\u2028b", "more than one line"),
        ("a\tb", "control characters"),
        ("a\x7fb", "control characters"),
        ("a\udcffb", "control characters"),
        ("s3cret ", "ends with a blank"),
        ("a" * 8193, "longer than"),
    ],
)
@pytest.mark.parametrize("name", ["FLUXBUMP_TOKEN", "GITLAB_TOKEN"])
def test_what_cannot_be_a_token_is_refused(
    tmp_path: Path, name: str, value: str, why: str
) -> None:  # fmt: skip
    with pytest.raises(UsageError) as caught:
        looked_up(tmp_path, kind="gitlab", **{name: value})
    assert caught.value.message.startswith(f"the token from {name} ")
    assert why in caught.value.message
    assert f"{value!r}" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"a\nb\n", b"a\n\n", b"\xff", b"a\0b", b"x" * 9000])
def test_a_file_without_a_token_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(data)
    with pytest.raises(UsageError, match="the token from FLUXBUMP_TOKEN_FILE"):
        looked_up(tmp_path, FLUXBUMP_TOKEN_FILE=str(file))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=why):
            looked_up(tmp_path, FLUXBUMP_TOKEN_FILE=str(path))


def test_a_line_break_in_a_url_is_refused(tmp_path: Path) -> None:
    """It would be a line of git's credential protocol."""
    with pytest.raises(UsageError, match="the repository's URL has more than one line"):
        looked_up(tmp_path, "https://bot:a%0ahost=evil.example.org@git.example.org/f")


# --- URLs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url", "host", "path"),
    [
        ("https://GIT.example/a.git", "https://git.example/a.git", "git.example", "a.git"),
        ("HTTPS://u:p@h:8443/a", "https://h:8443/a", "h:8443", "a"),
        ("http://[::1]:80/a", "http://[::1]:80/a", "[::1]:80", "a"),
        ("ssh://git@h:22/a/b", "ssh://git@h:22/a/b", "h:22", "a/b"),
        ("ssh://git:pw@h/a/b", "ssh://git@h/a/b", "h", "a/b"),
        ("git@h.example.org:a/b.git", "git@h.example.org:a/b.git", "h.example.org", "a/b.git"),
        ("file:///srv/a", "file:///srv/a", "", "/srv/a"),
        ("/srv/a", "/srv/a", "", "/srv/a"),
        ("./a:b", "./a:b", "", "./a:b"),
    ],
)
def test_urls_are_taken_apart(text: str, url: str, host: str, path: str) -> None:
    found, _ = remote_url.parse(text)
    assert (found.url, found.host, found.path) == (url, host, path)
    assert remote_url.parse(url)[0] == found


@pytest.mark.parametrize(
    "text",
    [
        "", "-u", "--upload-pack=touch x", "ext::sh -c id", "git://h/a", "ftp://h/a", "https:///a",
        "https://h:port/a", "https://-h/a", "-h:a", "ssh://-oProxyCommand=id/a", "https://h/a\nb",
        f"https://h/a?token={OTHER}", f"https://h/a#{OTHER}", f"https://{OTHER}:{OTHER}@h:x/a",
    ],
)  # fmt: skip
def test_what_is_no_remote_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        remote_url.parse(text)
    assert OTHER not in str(caught.value)


def test_a_site_is_what_a_credential_is_for() -> None:
    assert RemoteUrl("https://h:1/a", "https", "h:1", "a").site == "https://h:1"
