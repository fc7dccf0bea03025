"""`fluxbump status` and `fluxbump releases`: where a repository is, and where it could go."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import (
    URL,
    Cli,
    Repo,
    Result,
    assert_refused,
    release,
    repository,
    script,
    small,
    umbrella,
    values,
    wrapper,
)
from tests.web_server import Answer, WebServer

Status = Callable[..., Result]
LATEST = script().replace("download/v2.4.0", "latest/download")


@pytest.fixture
def status(cli: Cli, tmp_path: Path, index: Path) -> Status:
    """Run `status` on a small repository with these files."""

    def call(*arguments: str, **files: str) -> Result:
        return cli("status", *arguments, cwd=repository(tmp_path / "s", small(**files), index))

    return call


def verdict(result: Result) -> list[str]:
    """The last lines: whether the pins agree, and what to do."""
    return result.out.rstrip("\n").rpartition("\n\n")[2].splitlines()


def codes(result: Result) -> set[str]:
    return {one["code"] for one in result.json["findings"]}


def test_aligned(repo: Repo) -> None:
    result = repo.fluxbump("status")
    assert (result.code, result.err) == (0, "")
    first, second, *steps = verdict(result)
    assert first == "The pins agree"
    assert second == "cloud-init installs Flux 2.4.0, and chart flux2 2.14.1 ships Flux 2.4.0"
    assert sum(line.endswith(" ok") for line in result.out.splitlines()) == 13
    newest, read, moves, *_ = result.out.splitlines()[-8:]
    assert newest.startswith("Newest release with a chart: 2.8.5 (chart 2.18.3")
    assert read.startswith("Chart index: /")
    assert read.endswith("/index.yaml (newest chart 2.18.3 of 2026-04-15)")
    assert moves == "fluxbump to VERSION moves all 13 places"
    assert steps == [
        "next: fluxbump path 2.8.5                the route to the newest release",
        "      fluxbump to latest-safe --dry-run  the newest that passes in one step",
    ]


def test_a_release_that_no_table_knows_leads_to_what_works(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    install = "kubectl apply -f https://flux.example.org/fluxcd/flux2/releases/download/v2.4.99/install.yaml\n"
    place = repository(tmp_path / "s", {"install.sh": install}, index)
    result = cli("status", cwd=place)
    assert result.code == 0
    said = [line.removeprefix("next: ").strip() for line in verdict(result)[2:]]
    steps = [line.partition("  ")[0] for line in said]
    assert steps == ["fluxbump to 2.9.4 --dry-run", "fluxbump matrix --all"]
    for step in steps:
        assert cli(*step.split()[1:], cwd=place).code == 0, step


@pytest.mark.parametrize("state", ["repo", "incident"])
def test_what_a_run_would_do_is_said_from_the_same_look(
    state: str, request: pytest.FixtureRequest, index: Path, cli: Cli
) -> None:
    repo: Repo = request.getfixturevalue(state)
    body = (index / "index.yaml").read_bytes()
    with WebServer() as server:
        url = server.serve("/index.yaml", Answer(body, headers={"Cache-Control": "no-store"}))
        words = ("status", "--index", url, "-o", "json")
        alone = cli(*words, cwd=repo)
        assert len(server.requests) == 1
        told = cli(*words, "--exit-code", cwd=repo)
        assert len(server.requests) == 2
    assert told.out == alone.out
    assert (told.code, alone.code) == {"repo": (20, 0), "incident": (1, 1)}[state]


def test_without_an_index_a_run_is_not_foretold(repo: Repo, cli: Cli) -> None:
    words = ("status", "--index", "none.yaml", "-o", "json")
    told, alone = (cli(*words, *more, cwd=repo) for more in (["--exit-code"], []))
    assert told.json == alone.json
    assert told.err == alone.err != ""
    assert told.code == alone.code == 7


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"install": script("2.4")}, "the install URL installs Flux v2.4 (range), and "),
        (
            {"install": script("x").replace("vx", "v${FLUX}")},
            "the install URL installs Flux v${FLUX} (variable), and ",
        ),
        (
            {"install": script("x").replace("download/vx", "latest/download")},
            "the install URL installs Flux latest (unpinned), and ",
        ),
        ({"install": "#!/bin/sh\n"}, "no install URL, and "),
        ({"chart": wrapper("^2.14")}, ", and chart flux2 ^2.14 (range)"),
        ({"chart": "name: x\n"}, ", and no chart"),
    ],
)
def test_what_holds_no_full_version_is_shown(
    status: Status, files: dict[str, str], said: str
) -> None:
    assert said in status(**files).out


def test_the_incident_is_shouted(incident: Repo, cli: Cli) -> None:
    result = cli("status", cwd=incident)
    assert result.code == 1
    assert verdict(result)[0].startswith("MISMATCH: ")
    assert verdict(result)[-1].startswith("next: fluxbump to 2.4.0  ")
    assert "cloud-init installs Flux 2.4.0, and chart flux2 2.13.0 ships Flux 2.3.0" in result.out
    finding = next(line for line in result.out.splitlines() if "FB103 error" in line)
    for part in (
        "cloudinit-control-plane.tftpl:146",
        "platform/flux/chart/Chart.yaml:45",
        "2.13.0",
    ):
        assert part in finding
    assert "\x1b[" not in result.out
    coloured = cli("status", "--color", "always", cwd=incident)
    assert verdict(coloured)[0].startswith("\x1b[1;31mMISMATCH")


def test_repaired_incident_agrees(incident: Repo, cli: Cli) -> None:
    assert cli("to", "2.4.0", cwd=incident).code == 0
    result = cli("status", "--rev", "fluxbump/flux-2.4.0", cwd=incident)
    assert (result.code, verdict(result)[0]) == (0, "The pins agree")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"release": release("1.0.0")}, "FB109"),
        ({"release": release("~1.0")}, "FB109"),
        ({"u/Chart.yaml": umbrella("1.1.1")}, "FB108"),
        ({"values": values("2.13.0")}, "FB104"),
        ({"more.sh": script("2.3.0")}, "FB102"),
        ({"install": LATEST}, "FB102"),
        ({"chart": wrapper("^2.14.0")}, "FB101"),
        ({"install": script("2.5.1")}, "FB103"),
        ({"install": script("${V}")}, "FB102"),
        ({"chart": wrapper("2.14.9"), "values": values("2.14.9")}, "FB103"),
        (
            {"b.yaml": "kind: Blueprint\nmetadata: {name: bp-flux}\nspec: {version: 1.1.1}\n"},
            "FB110",
        ),
        ({"release": release("[1.1.2")}, "FB002"),
    ],
)
def test_disagreement(status: Status, files: dict[str, str], code: str) -> None:
    result = status("-o", "json", **files)
    assert result.code == 1
    assert code in codes(result)
    assert result.json["agree"] is False


def test_without_an_exact_pin_nothing_is_said_to_agree(repo: Repo, cli: Cli) -> None:
    for path in repo.git("ls-files").split():
        repo.git("rm", "--quiet", path)
    repo.commit({"Makefile": f"install:\n\tcurl {URL.format('$(VERSION)')}\n"})
    result = cli("status", cwd=repo)
    assert (
        "No pin is exact, so nothing was compared (not exact: Makefile:2, variable)" in result.out
    )
    check = cli("check", "--no-render", cwd=repo)
    assert check.code == 0
    assert "takes its release from v$(VERSION), which no file here sets to one release" in check.out


@pytest.mark.parametrize("files", [{}, {"u/Chart.yaml": umbrella()}])
def test_agreement(status: Status, files: dict[str, str]) -> None:
    result = status("-o", "json", **files)
    assert (result.code, codes(result), result.json["agree"]) == (0, set(), True)


@pytest.mark.parametrize(
    ("version", "form"), [("^1.1", "range"), ("${V}", "variable"), ('"*"', "unpinned")]
)
def test_what_is_not_exact_is_not_said_to_agree(
    tmp_path: Path, index: Path, cli: Cli, version: str, form: str
) -> None:
    files = small(**{"b.yaml": release(version, name="b")})
    repo = repository(tmp_path / "r", files, index)
    result = cli("status", "-o", "json", cwd=repo)
    if form != "unpinned":  # which FB109 refuses
        assert (result.code, result.json["findings"], result.json["agree"]) == (0, [], None)
        first = verdict(cli("status", cwd=repo))[0]
        assert first == f"The exact pins agree (not exact: b.yaml:9, {form})"


def test_an_index_older_than_the_repository_is_said_to_be_that(status: Status) -> None:
    result = status(chart=wrapper("9.9.9"), values=values("9.9.9"))
    assert result.code == 7
    assert "The pins agree" not in result.out
    assert "the chart index (newest flux2 2.18.3 of 2026-04-15) is older than this" in result.out


@pytest.mark.parametrize(
    ("path", "text", "who"),
    [
        ("install.sh", script(), "the install URL"),
        ("infra/cloud-init.yaml", f"runcmd:\n  - curl {URL.format('2.4.0')}\n", "cloud-init"),
        ("infra/cp_user-data.tpl", script(), "cloud-init"),
        ("node.tpl", f"#cloud-config\nruncmd:\n  - curl {URL.format('2.4.0')}\n", "cloud-init"),
        ("docs/no-cloud-initiative.sh", script(), "the install URL"),
    ],
)
def test_cloud_init_is_said_only_of_cloud_init(
    status: Status, path: str, text: str, who: str
) -> None:
    behind = {"chart": wrapper("2.13.0"), "values": values("2.13.0"), "install": "#!/bin/sh\n"}
    result = status(**{**behind, path: text})
    out = result.out
    assert verdict(result)[0].startswith(f"MISMATCH: applying the chart over what {who} installed")
    assert f"FB103 error: {who} installs Flux 2.4.0, but" in out


def test_without_an_index_it_still_shows_the_pins(repo: Repo, cli: Cli) -> None:
    result = cli("status", "--index", "nowhere", cwd=repo)
    assert result.code == 7
    assert verdict(result)[0].startswith("Not checked against the chart index: ")
    states = {line.split()[1]: line.split()[-1] for line in result.out.splitlines()[1:14]}
    assert states["install-url"] == states["values-mirror"] == "?"
    assert states["helm-release"] == "ok"  # compared with the chart beside it
    assert "The pins agree" not in result.out


def test_unreadable_and_unpinned_are_shown(status: Status) -> None:
    latest = script().replace("download/v2.4.0", "latest/download")
    result = status(install=latest, release=release("[1.1.2"))
    assert "clusters/a/flux.yaml:" in result.out
    assert "Cannot be read (1)" in result.out
    assert any(
        line.startswith("install.sh:2") and "latest" in line for line in result.out.splitlines()
    )


def test_a_file_that_cannot_be_read_is_no_disagreement(status: Status) -> None:
    result = status(release=release("[1.1.2"))
    assert result.code == 1
    assert verdict(result)[0] == "Not all files could be read, so the pins may disagree"
    assert "fluxbump to VERSION" not in result.out  # it moves nothing until the file is readable


def test_only_a_file_that_cannot_be_read(cli: Cli, tmp_path: Path, index: Path) -> None:
    files = {"flux.yaml": "kind: HelmRelease\nspec:\n  chart: {spec: {chart: flux2, version: [2\n"}
    result = cli("status", cwd=repository(tmp_path / "one", files, index))
    first, second, *_ = verdict(result)
    assert first == "Not all files could be read, so the pins may disagree"
    assert second == "no Flux version found"
    assert "0 places" not in result.out


def test_a_pin_without_a_version_disagrees_with_nothing(
    cli: Cli, tmp_path: Path, index: Path
) -> None:
    result = cli("status", cwd=repository(tmp_path / "one", {"install.sh": LATEST}, index))
    assert result.code == 1
    first, *_ = verdict(result)
    assert first == "Pins hold no exact version, so each install can take another release"


def test_nothing_pinned(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "none", {"README.md": "nothing\n"}, index)
    result = cli("status", cwd=repo)
    assert "agree" not in result.out, "nothing that is pinned cannot agree"


def test_local_changes_are_remarked_on(repo: Repo, cli: Cli) -> None:
    repo.write("platform/flux/blueprint.yaml", "x: 1\n")
    repo.write("other.txt", "x\n")
    result = cli("status", cwd=repo)
    assert result.code == 0
    assert result.err == (
        "fluxbump: uncommitted changes in platform/flux/blueprint.yaml are ignored "
        "(fluxbump status --worktree reads them)\n"
    )
    assert cli("status", "--quiet", cwd=repo).err == ""


def test_changes_that_no_answer_depends_on_are_not_remarked_on(repo: Repo, cli: Cli) -> None:
    repo.write("other.txt", "x\n")
    values = repo.path / "platform/flux/chart/values.yaml"
    values.write_text(f"{values.read_text()}# a comment\n")
    assert cli("status", cwd=repo).err == ""


def test_an_uncommitted_configuration_is_named(repo: Repo, cli: Cli) -> None:
    repo.write("fluxbump.yaml", "exclude: [infra/**]\n")
    said = "uncommitted changes in fluxbump.yaml, infra/hetzner/cloudinit-control-plane.tftpl are"
    for command in (["status"], ["to", "2.5.1", "-n"]):
        assert said in cli(*command, cwd=repo).err
    there = cli("status", "--worktree", cwd=repo)
    assert "install-url" not in there.out
    assert "uncommitted" not in there.err


def test_the_work_tree_is_read_if_asked_for(repo: Repo, cli: Cli) -> None:
    chart = repo.path / "platform/flux/chart/Chart.yaml"
    chart.write_text(chart.read_text().replace("2.14.1", "2.13.0"))
    assert cli("status", cwd=repo).code == 0
    there = cli("status", "--worktree", "-o", "json", cwd=repo)
    assert (there.code, there.json["agree"], there.json["commit"]) == (1, False, None)
    assert_refused(cli("status", "--worktree", "--rev", "main", cwd=repo), 2, "exclude each other")


@pytest.mark.parametrize(
    ("files", "step"),
    [
        # A cluster may run what is newest, so nothing goes back; what installs less may not.
        ({"install": script("2.5.1")}, "next: fluxbump to 2.5.1  "),
        (
            {"chart": wrapper("2.15.0"), "values": values("2.15.0")},
            "next: fluxbump to 2.5.1 --dry-run  ",
        ),
        # No chart ships 2.5.0.
        ({"install": script("2.5.0")}, "next: fluxbump to 2.5.1 --dry-run  "),
        ({"more.sh": script("2.3.0")}, "next: fluxbump to 2.4.0 --align"),
        ({"install": LATEST}, "next: fluxbump rule FB102  "),
        ({"install": script("${V}")}, "next: fluxbump rule FB102  "),
        ({"release": release("~1.0")}, "next: fluxbump rule FB109  "),
    ],
)
def test_what_to_do_leads_to_the_newest_that_is_pinned(
    status: Status, files: dict[str, str], step: str
) -> None:
    assert [line for line in verdict(status(**files)) if line.startswith(step)]


def test_what_is_said_to_do_works(cli: Cli, tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", small(install=script("2.5.1")), index)
    step = cli("status", "-o", "json", cwd=repo).json["next"][0]["command"]
    assert step == "fluxbump to 2.5.1"
    assert cli(*step.split()[1:], cwd=repo).code == 0


def test_bad_requests(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    assert_refused(cli("status", "--rev", "nope", cwd=repo), 6, "nope")
    assert_refused(cli("status", cwd=tmp_path), 6, "not a git repository")
    assert_refused(cli("releases", "--repo", "nowhere", cwd=tmp_path), 6, "nowhere")
    assert_refused(cli("releases", "--limit", "-1", cwd=repo), 2, "--limit")
    assert_refused(cli("releases", "--index", "nowhere", cwd=repo), 7, "nowhere")


# --- releases ---------------------------------------------------------------------------------


def test_releases(repo: Repo, cli: Cli) -> None:
    result = cli("releases", "--limit", "0", cwd=repo)
    assert (result.code, result.err) == (0, "")
    rows = [line.split() for line in result.out.splitlines()]
    assert rows[0][:3] == ["RELEASE", "CHART", "DATE"]
    assert rows[1][:3] == ["2.8.5", "2.18.3", "2026-04-15"]
    here = next(line for line in result.out.splitlines() if line.startswith("2.4.0 "))
    assert here.split()[:4] == ["2.4.0", "2.14.1", "2025-01-08", "2.14.0"]
    assert here.endswith("<- installed and chart")
    assert result.out.count("<- ") == 1
    assert not any("rc" in row[0] for row in rows if row)
    assert "2.0.0-rc.3" in cli("releases", "--limit", "0", "--prereleases", cwd=repo).out


def test_releases_marks_both_sides(incident: Repo, cli: Cli) -> None:
    result = cli("releases", "--limit", "0", cwd=incident)
    marked = {
        line.split()[0]: line.split("<- ")[1] for line in result.out.splitlines() if "<- " in line
    }
    assert marked == {"2.4.0": "installed", "2.3.0": "chart"}


def test_releases_outside_of_a_repository(cli: Cli, tmp_path: Path) -> None:
    result = cli("releases", "--limit", "2", cwd=tmp_path)
    assert result.code == 0
    assert "the column HERE is empty: " in result.err
    assert "older releases are not listed" in result.err
    assert len(result.out.splitlines()) == 5
    assert result.out.splitlines()[-1].startswith("Chart index: ")


# --- the program ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["to", "-h"], ["status", "-h"], ["releases", "-h"], ["schema", "-h"]],
    ids=" ".join,
)
def test_help(cli: Cli, arguments: list[str]) -> None:
    result = cli(*arguments)
    assert (result.code, result.err) == (0, "")
    assert result.out.lstrip().startswith("Usage: fluxbump")


def test_without_arguments_it_helps(repo: Repo) -> None:
    result = repo.fluxbump()
    text = result.out or result.err
    assert text.lstrip().startswith("Usage: fluxbump")
    assert text.count("\n") > 10


def test_version(repo: Repo) -> None:
    result = repo.fluxbump("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("fluxbump ")


def test_verbose_shows_where_it_failed(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.5.0", "--verbose", cwd=repo)
    assert (result.code, result.out) == (4, "")
    assert "Traceback" in result.err
    assert "\nerror: " in result.err


def test_name_that_is_not_utf8(repo: Repo, cli: Cli) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=script().encode()).strip()
    entry = f"100755 {blob}\t".encode() + b"caf\xe9/install.sh\0"
    repo.git("update-index", "-z", "--index-info", stdin=entry)
    repo.git("commit", "--quiet", "--message", "odd")
    repo.git("reset", "--quiet", "--hard")
    for arguments in (["status"], ["to", "2.5.1", "-n"], ["to", "2.5.1", "-o", "json"]):
        result = repo.fluxbump(*arguments, PYTHONIOENCODING="utf-8:strict")
        assert result.code == 0, (arguments, result.err)
    assert repo.git("ls-tree", "-r", "-z", "fluxbump/flux-2.5.1").count("100755") == 1
    assert "v2.5.1" in repo.git("cat-file", "blob", "fluxbump/flux-2.5.1:caf\udce9/install.sh")


def test_terminal_that_knows_ascii_only(repo: Repo) -> None:
    repo.commit({"README.md": "Flux 2.4.0 … naïve\n"})
    for arguments in (["status"], ["to", "2.5.1", "-n"]):
        result = repo.fluxbump(*arguments, PYTHONIOENCODING="ascii:strict")
        assert (result.code, "Traceback" in result.err) == (0, False), result.err


# --- pipes and colours ------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["text", "json", "patch"])
def test_reader_that_goes_away(repo: Repo, output: str) -> None:
    fluxbump = subprocess.Popen(
        repo.command("to", "2.5.1", "-n", "-o", output),
        cwd=repo.path,
        env=repo.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert fluxbump.stdout is not None
    assert fluxbump.stderr is not None
    fluxbump.stdout.close()
    err = fluxbump.stderr.read().decode()
    fluxbump.stderr.close()
    assert fluxbump.wait() == 0
    assert "Traceback" not in err
    assert "Exception" not in err
    assert "Broken pipe" not in err


def test_check_fails_whoever_reads_it(incident: Repo) -> None:
    gone, ours = os.pipe()
    os.close(gone)
    done = subprocess.run(
        incident.command("check", "--no-render"),
        cwd=incident.path, env=incident.environment(), stdout=ours, stderr=subprocess.PIPE,
        check=False,
    )  # fmt: skip
    os.close(ours)
    assert (done.returncode, done.stderr) == (1, b"")


def test_checkout_is_made_whoever_reads_the_report(repo: Repo) -> None:
    gone, ours = os.pipe()
    os.close(gone)
    done = subprocess.run(
        repo.command("to", "2.5.1", "--checkout"),
        cwd=repo.path, env=repo.environment(), stdout=ours, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(ours)
    assert done.returncode == 0
    assert repo.git("branch", "--show-current").strip() == "fluxbump/flux-2.5.1"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["to", "2.5.1", "-n"], 0),
        (["to", "2.5.1"], 0),
        (["to", "9.9.9"], 4),
        (["run", "--dry-run", "--log-format", "json"], 0),
        ([], 2),
    ],
)
def test_reader_of_the_remarks_that_goes_away(repo: Repo, arguments: list[str], code: int) -> None:
    gone, ours = os.pipe()
    os.close(gone)
    done = subprocess.run(
        repo.command(*arguments),
        cwd=repo.path, env=repo.environment(), stdout=subprocess.PIPE, stderr=ours, check=False,
    )  # fmt: skip
    os.close(ours)
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)


@pytest.mark.parametrize(
    ("options", "more", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"CLICOLOR_FORCE": "1"}, True),
        ([], {"CLICOLOR_FORCE": "0"}, False),
        ([], {"CLICOLOR_FORCE": ""}, False),
        ([], {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"CLICOLOR_FORCE": "1"}, False),
    ],
)
def test_colours(repo: Repo, options: list[str], more: dict[str, str], colored: bool) -> None:
    done = subprocess.run(
        repo.command("to", "2.5.1", "-n", *options),
        cwd=repo.path,
        env=repo.environment(**more),
        capture_output=True,
        check=True,
    )
    assert (b"\x1b[" in done.stdout) == colored


@pytest.mark.parametrize("text", ["\x1b[2Jcleared", "bell\x07", "right\u202eto left"])
def test_what_a_repository_holds_cannot_drive_the_terminal(
    tmp_path: Path, index: Path, cli: Cli, text: str
) -> None:
    files = small(**{f"{text}/x.sh": f"{script()}# Flux 2.4.0 {text}\n"})
    files |= {"README.md": f"Flux 2.4.0 {text}\n", "chart/values.yaml": values()}
    files |= {"b/Chart.yaml": wrapper(name="bp-b").replace("flux2", f"flux2 # {text}")}
    files |= {"c.yaml": release(f'"^1.1" # {text}')}
    repo = repository(tmp_path / "r", files, index)
    for arguments in (["status"], ["to", "2.5.1", "-n"]):
        result = cli(*arguments, cwd=repo)
        assert text not in result.out
        assert text not in result.err


def test_output_that_cannot_be_written(repo: Repo) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full to write to")
    with full.open("w") as nowhere:
        done = subprocess.run(
            repo.command("status"),
            cwd=repo.path, env=repo.environment(), stdout=nowhere, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 74
    assert done.stderr == (
        "error: cannot write the output: No space left on device\n  what was done stays done\n"
    )


@pytest.mark.parametrize("closed", ["1", "2", "1 2"])
def test_streams_that_are_closed(repo: Repo, closed: str) -> None:
    shut = " ".join(f"{number}>&-" for number in closed.split())
    done = subprocess.run(
        ["sh", "-c", f'"$@" {shut}', "sh", *repo.command("status")],
        capture_output=True, text=True, check=False, cwd=repo.path, env=repo.environment(),
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""
    assert ("The pins agree" in done.stdout) == ("1" not in closed)


def test_a_warning_is_counted_beside_the_verdict(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {"install.sh": script("2.5.1"), "ci.sh": "FLUX_VERSION=2.4.0\n"}
    repo = repository(tmp_path / "repo", files, index)
    assert "\nThe pins agree, with 1 warning\n" in cli("status", cwd=repo).out
    repo.commit({"ci.sh": "FLUX_VERSION=2.5.1\n"})
    assert "\nThe pins agree\n" in cli("status", cwd=repo).out


@pytest.mark.parametrize(
    ("many", "lines"),
    [(3, ["0/a.go:1  ", "1/a.go:1  ", "2/a.go:1  "]), (4, ["0/a.go:1 and 3 more  "])],
)
def test_notes_that_say_the_same_of_many_places_are_one_line(
    many: int, lines: list[str], tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {f"{number}/a.go": 'const FluxVersion = "v2.4.0"\n' for number in range(many)}
    repo = repository(tmp_path / "repo", {"a.sh": script("2.4.0"), **files}, index)
    told = "FluxVersion in a program holds Flux 2.4.0. Change it by hand"
    for command in (("status",), ("to", "2.5.1", "-n")):
        out = cli(*command, cwd=repo).out
        assert f"Notes ({many})\n" in out
        assert [line.strip() for line in out.splitlines() if told in line] == [
            f"{line}{told}" for line in lines
        ]
