"""Without a network: what was kept and what ships answers, says so, and is soon asked."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fluxbump.flux.tables import charts
from fluxbump.system.wait_at_most import Heard, SilentError
from tests.helpers import Cli, Repo, repository, script, small, values, wrapper
from tests.web_server import Answer, WebServer

NOWHERE = "https://charts.no-such-host.invalid"
"""RFC 6761: `invalid` never resolves."""

ONE = """\
apiVersion: v1
entries:
  flux2:
  - {{version: {version}, appVersion: {release}, created: "{day}T00:00:00Z", urls: [a.tgz]}}
"""


def one(version: str, release: str, day: str = "2025-01-08") -> bytes:
    """An index of one chart."""
    return ONE.format(version=version, release=release, day=day).encode()


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/index.yaml"


# --- the table --------------------------------------------------------------------------------


def test_the_table_has_what_the_community_published() -> None:
    found = charts.by_version()
    assert len(found) == 106
    chart = found["2.14.1"]
    assert (str(chart.app_version), f"{chart.created:%Y-%m-%d}") == ("2.4.0", "2025-01-08")
    assert chart.digest == "1c4a797cfe11370e9f2ea29b1d4834805ce4160d65008198389c91ecd8a3cdb9"
    assert str(found["2.8.0"].app_version) == "2.0.0-rc.3"
    assert charts.published().until == datetime(2026, 4, 15, 5, 3, 54, tzinfo=UTC)


# --- what stands in ---------------------------------------------------------------------------


def test_a_host_that_is_not_found_is_asked_once_and_the_table_answers(
    incident: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def noted(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real(host, *rest, **more)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    result = cli("status", "--index", NOWHERE, cwd=incident)
    assert result.code == 1
    assert "chart flux2 2.13.0 ships Flux 2.3.0" in result.out
    assert asked == ["charts.no-such-host.invalid"]


def test_a_server_that_never_answers_is_left_behind(incident: Repo, cli: Cli, silent: str) -> None:
    result = cli("status", "--index", silent, cwd=incident)
    assert result.code == 1
    assert "says the table of 2026-04-15 that ships with fluxbump" in result.out


def test_a_name_server_that_hangs_is_left_behind(
    incident: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(*_: object, **__: object) -> object:
        raise AssertionError(_for_ever())

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    assert cli("status", "--index", NOWHERE, cwd=incident).code == 1


def _for_ever() -> str:
    read, _ = os.pipe()
    return os.read(read, 1).decode()


@pytest.fixture
def unplugged(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Nothing names an index, and nothing reaches the community's: port 1 refuses connections."""
    monkeypatch.delenv("FLUXBUMP_INDEX")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    return cli


@pytest.mark.parametrize("option", [["--offline"], ["--index", NOWHERE], []])
def test_releases_check_and_path_are_answered(
    repo: Repo, cli: Cli, option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUXBUMP_INDEX", NOWHERE)
    assert cli("releases", *option, cwd=repo).out.splitlines()[1].startswith("2.8.5    2.18.3")
    check = cli("check", "--no-render", "--select", "FB103", *option, cwd=repo)
    assert (check.code, "not run" in check.out) == (0, False)
    assert cli("path", "2.5.1", *option, cwd=repo).out.startswith("Flux 2.4.0 -> 2.5.1 (1 hop)")
    assert NOWHERE in check.err.partition("that ships with fluxbump (")[2]


@pytest.mark.parametrize("option", [(), ("--offline",)], ids=["asked", "offline"])
def test_a_bump_takes_the_table_for_the_community(
    repo: Repo, unplugged: Cli, option: tuple[str, ...]
) -> None:
    bump = unplugged("to", "2.5.1", "-n", *option, cwd=repo)
    assert "(chart flux2 2.14.1 -> 2.15.0, 2025-02-26)" in bump.out
    assert "chart index: the table of 2026-04-15 that ships with fluxbump (" in bump.err
    whole = "https://fluxcd-community.github.io/helm-charts/index.yaml"
    assert unplugged("to", "2.5.1", "-n", "--index", whole, *option, cwd=repo).code == 0


@pytest.mark.parametrize("option", [["--offline"], []], ids=["offline", "asked"])
@pytest.mark.parametrize(
    "words",
    [
        ("to", "2.5.1"), ("to", "latest"), ("to", "latest-safe", "-n"), ("to", "2.4.0"),
        ("to", "2.5.1", "--chart-version", "2.15.0"), ("to", "2.5.1", "--in-place"),
        ("sync", "--from", "chart"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_bump_takes_the_table_for_another_index(
    repo: Repo, cli: Cli, words: tuple[str, ...], option: list[str]
) -> None:
    """The table lists the community's charts, and a mirror may lack what it lists."""
    before = repo.git("for-each-ref")
    result = cli(*words, "--index", NOWHERE, *option, cwd=repo)
    assert (result.code, result.out) == (7, "")
    assert f"error: {NOWHERE}: no answer from the chart index\n" in result.err
    assert "\n  fluxbump has no copy of this index\n" in result.err
    assert f"\nnext: fluxbump releases --index {NOWHERE}  " in result.err
    assert (repo.git("status", "--porcelain"), repo.git("for-each-ref")) == ("", before)


def test_a_state_that_leads_to_a_chart_does_not_take_the_table_either(repo: Repo, cli: Cli) -> None:
    told = cli("status", "--index", NOWHERE, cwd=repo)
    assert told.code == 0
    assert told.out.splitlines()[-1].startswith("next: fluxbump path 2.8.5 ")
    chosen = cli("status", "--exit-code", "--index", NOWHERE, cwd=repo)
    assert (chosen.code, "no release is chosen" in chosen.err) == (7, True)


def test_a_bump_takes_the_copy_of_another_index(repo: Repo, cli: Cli) -> None:
    with WebServer() as server:
        url = server.serve("/index.yaml", Answer(one("2.15.0", "2.5.1"), headers={"ETag": '"a"'}))
        assert cli("releases", "--index", url, cwd=repo).code == 0
    bump = cli("to", "2.5.1", "-n", "--index", url, cwd=repo)
    assert (bump.code, f"cached copy of {url}" in bump.err) == (0, True)
    # The table has this one, and the copy has not.
    assert cli("to", "2.6.4", "-n", "--index", url, cwd=repo).code == 4


def test_where_no_chart_is_pinned_no_index_has_to_answer(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    repo = repository(tmp_path / "r", {"install.sh": script("2.3.0")}, index)
    assert cli("to", "2.4.0", "-n", "--index", NOWHERE, cwd=repo).code == 0


def test_a_copy_answers_before_the_table_does(cli: Cli, tmp_path: Path, index: Path) -> None:
    files = small(chart=wrapper("9.9.9"), values=values("9.9.9"), install=script("2.3.0"))
    repo = repository(tmp_path / "r", files, index)
    with WebServer() as server:
        url = server.serve("/index.yaml", Answer(one("9.9.9", "2.4.0"), headers={"ETag": '"a"'}))
        asked = cli("status", "--index", url, cwd=repo)
        again = cli("status", "--index", url, cwd=repo)
        assert [request.answered for request in server.requests] == [200, 304]
    unplugged = cli("status", "--index", url, cwd=repo)
    assert asked.code == again.code == unplugged.code == 1
    assert "flux2 9.9.9, which ships Flux 2.4.0 (says the chart index)" in unplugged.out


@pytest.mark.parametrize(
    ("answer", "words"),
    [(Answer(b"no", 404), "HTTP 404"), (Answer(b"<html>"), "not a chart index")],
    ids=["not found", "a page"],
)
def test_nothing_stands_in_for_an_index_that_answers(
    repo: Repo, cli: Cli, answer: Answer, words: str
) -> None:
    with WebServer() as server:
        result = cli("releases", "--index", server.serve("/index.yaml", answer), cwd=repo)
    assert (result.code, words in result.err) == (7, True)


def test_a_bump_takes_no_chart_that_the_named_index_lacks(repo: Repo, cli: Cli) -> None:
    with WebServer() as server:
        url = server.serve("/index.yaml", Answer(one("2.14.1", "2.4.0")))
        assert cli("to", "latest", "-n", "--index", url, cwd=repo).code == 0
        refused = cli("to", "2.5.1", "-n", "--index", url, cwd=repo)
        listed = cli("releases", "--index", url, cwd=repo)
    assert refused.code == 4
    assert [line.split()[0] for line in listed.out.splitlines()[1:2]] == ["2.4.0"]


def test_the_table_says_what_a_chart_ships_that_is_newer_than_the_index(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    files = small(chart=wrapper("2.15.0"), values=values("2.15.0"))
    repo = repository(tmp_path / "r", files, index)
    with WebServer() as server:
        url = server.serve("/index.yaml", Answer(one("2.14.1", "2.4.0")))
        result = cli("status", "--index", url, cwd=repo)
    assert result.code == 1
    assert "ships Flux 2.5.1 (says the table of 2026-04-15 that ships with fluxbump)" in result.out


@pytest.mark.parametrize("where", ["silent", "not found"])
def test_the_incident_is_told_without_a_network(
    incident: Repo, cli: Cli, silent: str, where: str
) -> None:
    url = silent if where == "silent" else NOWHERE
    result = cli("status", "--index", url, cwd=incident)
    assert result.code == 1
    assert result.out.splitlines()[-1].startswith(f"next: fluxbump to 2.4.0 --index {url}  ")
    told = cli("status", "--index", url, "-o", "json", cwd=incident).json
    index = told["index"]
    assert (index["answered"], index["as_of"]) == ("shipped", "2026-04-15T05:03:54+00:00")
    checked = cli("check", "--no-render", "--index", url, "-o", "json", cwd=incident).json
    assert checked["index"] == index
    assert index["instead_of"] == url
    assert index["silent"]
    assert told["next"][0]["command"] == f"fluxbump to 2.4.0 --index {url}"


def test_which_source_has_answered_is_said_in_a_line(repo: Repo, cli: Cli) -> None:
    def line(*words: str) -> str:
        lines = cli("status", *words, cwd=repo).out.splitlines()
        return next(one for one in lines if one.startswith("Chart index: "))

    with WebServer() as server:
        url = server.serve("/index.yaml", Answer(one("2.14.1", "2.4.0"), headers={"ETag": '"a"'}))
        assert line("--index", url) == f"Chart index: {url} (newest chart 2.14.1 of 2025-01-08)"
    kept = line("--index", url, "--offline")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert kept == f"Chart index: cached copy of {url}, read {today}, 0 days ago (--offline)"
    assert line("--index", NOWHERE).startswith(
        "Chart index: the table of 2026-04-15 that ships with fluxbump ("
    )
    assert line("--index", NOWHERE, "--offline").endswith(f"old), instead of {NOWHERE} (--offline)")
    shown = cli("status", "--index", NOWHERE, cwd=repo).out
    _, _, behind = shown.partition("that ships with fluxbump (")
    first, second, *_ = behind.splitlines()
    assert second.startswith("  ")
    assert f"{first}{second}".count(NOWHERE) == 1
    assert cli("to", "2.5.1", "-n", "-o", "json", cwd=repo).json["index"]["answered"] == "index"


def test_latest_says_up_to_when_it_is_known(repo: Repo, cli: Cli) -> None:
    out = cli("status", "--index", NOWHERE, cwd=repo).out
    assert "Newest release with a chart known on 2026-04-15: 2.8.5 (chart 2.18.3" in out


def test_a_chart_that_nobody_knows_is_not_judged(cli: Cli, tmp_path: Path, index: Path) -> None:
    files = small(chart=wrapper("9.9.9"), values=values("9.9.9"))
    repo = repository(tmp_path / "r", files, index)
    result = cli("status", "--index", NOWHERE, cwd=repo)
    assert result.code == 7
    table = "the table of 2026-04-15 that ships with fluxbump"
    silent = "and the chart index did not answer"
    assert f"{table} does not list flux2 9.9.9 (chart/Chart.yaml:6), {silent}\n" in result.out
    states = {line.split()[1]: line.split()[-1] for line in result.out.splitlines()[1:6]}
    assert states["install-url"] == states["chart-dependency"] == "?"


# --- what is typed ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["to", "path"])
def test_a_chart_version_is_no_release(repo: Repo, cli: Cli, command: str) -> None:
    result = cli(command, "2.14.1", cwd=repo)
    assert result.code == 4
    assert result.err == (
        "error: 2.14.1 is a chart version, which ships Flux 2.4.0\nnext: fluxbump to 2.4.0\n"
    )


def test_a_chart_version_is_no_release_where_no_chart_is_pinned(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    repo = repository(tmp_path / "r", {"install.sh": script("2.3.0")}, index)
    assert cli("to", "2.14.1", cwd=repo).err.endswith("next: fluxbump to 2.4.0\n")


def test_a_table_fits_a_terminal(incident: Repo) -> None:
    shown = on_terminal(incident)
    rows = shown.split("\nFindings")[0].splitlines()
    assert len(rows) > 14
    assert max(map(len, rows)) <= 80
    place = next(row for row in rows if "chart-dependency  flux2" in row)
    assert "…" in place.split()[0]
    assert place.split()[0].endswith(".yaml:45")


def on_terminal(repo: Repo) -> str:
    """Run `status` on a terminal of 80 columns, and return what it shows there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        repo.command("status"),
        cwd=repo.path,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=repo.environment(COLUMNS="80", TERM="dumb"),
    ):
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the terminal is gone when the command is
            while piece := os.read(ours, 1 << 16):
                shown += piece
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


# --- what contradicts -------------------------------------------------------------------------

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("release", "url", "said"),
    [
        ("2.4.0", "a.tgz", None),
        ("2.4.0", charts.archive_url("2.14.1"), f"has the sha256 {DIGEST}, but at its URL is "),
        ("2.5.0", "a.tgz", "says that flux2 2.14.1 ships Flux 2.5.0, but it ships 2.4.0"),
    ],
)
def test_an_index_that_contradicts_what_was_published_is_found(
    repo: Repo, cli: Cli, *, release: str, url: str, said: str | None
) -> None:
    text = (
        one("2.14.1", release).decode().replace("urls: [a.tgz]", f"digest: {DIGEST}, urls: [{url}]")
    )
    (repo.path.parent / "own.yaml").write_text(text)
    words = (
        "check",
        "--no-render",
        "--select",
        "FB206",
        "--index",
        str(repo.path.parent / "own.yaml"),
    )
    result = cli(*words, cwd=repo)
    assert result.code == bool(said)
    assert (said or "FB206") in result.out


# --- waiting ----------------------------------------------------------------------------------


def test_what_is_heard_keeps_the_wait_going() -> None:
    ready, go = os.pipe()

    def work(heard: object) -> str:
        assert callable(heard)
        heard()
        return os.read(ready, 1).decode()

    os.write(go, b"x")
    assert Heard(work).wait(60, 60) == "x"
    with pytest.raises(SilentError):
        Heard(lambda _: _for_ever()).wait(0.01, 60)
    with pytest.raises(SilentError):
        Heard(lambda _: _for_ever()).wait(60, 0.01)
    with pytest.raises(ZeroDivisionError):
        Heard(lambda _: 1 / 0).wait(60, 60)
