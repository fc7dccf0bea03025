"""Many repositories side by side: real processes stand in for their runs, and do their worst."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.errors import UsageError
from fluxbump.fleet import repositories
from fluxbump.fleet.process_results import End, Finished, Limits, ProcessResult
from fluxbump.fleet.processes import run_all
from fluxbump.fleet.repositories import FleetEntry, FleetOutcome, RunOptions, Shard
from fluxbump.fleet.results import read_report
from fluxbump.run import decision
from tests import helpers, secrets
from tests.fleet.drive import STAND_IN
from tests.helpers import Repo, Result, assert_refused, wait_for
from tests.test_json import check

DRIVE = Path(__file__).with_name("fleet") / "drive.py"
HOST = "https://git.example.org/t"


@dataclass(frozen=True)
class Fleet:
    """A fleet whose runs are stand-ins."""

    path: Path

    def write(self, *names: str, more: str = "") -> None:
        lines = "".join(f"- {{url: {HOST}/{name}, name: {name}}}\n" for name in names)
        (self.path / "fleet.yaml").write_text(f"repositories:\n{lines}{more}")

    def environment(self, **more: str) -> dict[str, str]:
        return {**helpers.environment(self.path), "STAND_IN": str(self.path), **more}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(DRIVE), "fleet", "fleet.yaml", *arguments]

    def run(self, *arguments: str, **more: str) -> Result:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.path, env=self.environment(**more), capture_output=True, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr.decode())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.path, env=self.environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        """The names of the repositories that were run, in the order of their start."""
        path = self.path / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.partition(" ")[0] for line in lines]

    def arguments(self, name: str) -> list[str]:
        (line,) = (
            line.partition(" ")[2]
            for line in (self.path / "calls").read_text().splitlines()
            if line.startswith(f"{name} ")
        )
        words: list[str] = json.loads(line)
        return words


@pytest.fixture
def ships(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def rows(out: str) -> dict[str, list[str]]:
    """The lines of repositories before the summary, by name."""
    lines = out.partition("\n\n")[0].splitlines()
    return {line.split()[0]: line.split(None, 3)[1:] for line in lines}


# --- what becomes of each ---------------------------------------------------------------------


def test_each_has_a_line_and_no_failure_touches_another(ships: Fleet) -> None:
    ships.write(
        "fine-1", "update-2", "blocked-3", "fail-4", "silent-5", "crash-6", "garbage-7",
        "deep-8", "wrong-9", "flood-10", "fine-11",
    )  # fmt: skip
    result = ships.run("--jobs", "3")
    assert result.code == 1
    assert result.err == ""
    found = rows(result.out)
    assert found["fine-1"] == ["up-to-date", "-", "it is up-to-date"]
    assert found["update-2"] == [
        "update-available",
        "2.5.1",
        "https://git.example.org/update-2/pull/7",
    ]
    assert found["blocked-3"] == ["blocked", "2.8.0", "FB202: a stored[31m version"]
    assert found["fail-4"] == [
        "failed",
        "-",
        "https://git.example.org/x: no such repository (look)",
    ]
    assert found["silent-5"] == ["failed", "-", "ended with code 70"]
    assert found["crash-6"] == ["failed", "-", "ended by SIGKILL"]
    assert found["flood-10"] == ["failed", "-", "printed too much output"]
    for name in ("garbage-7", "deep-8", "wrong-9"):
        assert found[name][0] == "failed"
        assert "no valid report" in found[name][2]
    assert found["fine-11"][0] == "up-to-date"
    assert "failed            7" in result.out
    assert "\n4 of 11 repositories done, 7 failed.\nnext: fluxbump fleet " in result.out


def test_a_run_is_given_what_the_file_says(ships: Fleet) -> None:
    ships.write(
        "fine-1", more="- {path: sub/fine-2, base: dev}\ndefaults: {base: main, forge: gitea}\n"
    )
    assert ships.run("--dry-run", "--offline").code == 0
    common = ["--dry-run", "--offline", "--output=json", "--log-format=json"]
    assert ships.arguments("fine-1") == [
        "run", f"--repo={HOST}/fine-1", "--base=main", "--forge=gitea", *common
    ]  # fmt: skip
    place = str(ships.path / "sub/fine-2")
    assert ships.arguments("fine-2")[1:3] == [f"--repo={place}", "--base=dev"]


def test_a_run_is_told_what_becomes_of_a_gotk_components_yaml(ships: Fleet) -> None:
    ships.write("fine-1")
    assert ships.run("--flux", "/opt/flux", "--leave-gotk").code == 0
    assert {"--flux=/opt/flux", "--leave-gotk"} <= {*ships.arguments("fine-1")}


def test_the_real_run(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"fluxbump.yaml": "run: {ignore: ['>2.4.0']}\n"})
    origin = tmp_path / "origin.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(origin))
    repo.git("remote", "add", "origin", str(origin))
    (tmp_path / "fleet.yaml").write_text(
        f"repositories: [{repo.path}, nowhere]\ndefaults: {{forge: github}}\n"
    )
    result = repo.fluxbump("fleet", "fleet.yaml", cwd=tmp_path)
    found = rows(result.out)
    assert found[repo.path.name][0] == "up-to-date", result.out
    assert found["nowhere"][0] == "failed"
    assert "nowhere" in found["nowhere"][2]
    assert result.code == 1


def test_outcomes_are_those_of_a_run() -> None:
    ours = {one.value for one in FleetOutcome if one.is_done}
    assert ours == {one.value for one in decision.Outcome}


@pytest.mark.parametrize(
    "content",
    [
        [], "x", {"outcome": "up-to-date"}, {"outcome": "not-run"}, {"outcome": None},
        {"outcome": "blocked", "target": "2.5 1"}, {"outcome": "blocked", "target": 2},
        {"outcome": "blocked", "summary": []}, {"outcome": "blocked", "pull_request": {}},
        {"outcome": "blocked", "pull_request": {"number": -1, "url": "https://h/x"}},
    ],
)  # fmt: skip
def test_a_report_is_not_believed(content: Any) -> None:
    if isinstance(content, dict) and content != {"outcome": "up-to-date"}:
        content = {"schema": "fluxbump/run/v1", **content}
    with pytest.raises(ValueError, match=r".+"):
        read_report(FleetEntry("a", "b"), json.dumps(content))


@given(st.text())
def test_any_text_is_a_report_or_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_report(FleetEntry("a", "b"), text)


def test_a_link_that_is_none_is_not_shown() -> None:
    report = {
        "schema": "fluxbump/run/v1", "outcome": "blocked", "summary": "a\nb",
        "pull_request": {"number": 3, "url": "javascript:x"},
    }  # fmt: skip
    found = read_report(FleetEntry("a", "b"), json.dumps(report))
    assert found.pull_request == repositories.PullRequestLink(3, None)
    assert found.detail == "a b"


# --- side by side -----------------------------------------------------------------------------


def test_no_more_run_at_once_than_allowed(ships: Fleet) -> None:
    names = [f"crowd-{number}" for number in range(6)]
    ships.write(*names)
    assert ships.run("--jobs", "2").code == 0
    assert sorted(ships.calls) == names
    assert {int(path.read_text()) for path in ships.path.glob("*.most")} == {2}


def ended(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked about yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def pids(path: Path) -> list[int]:
    return [int(word) for word in path.read_text().split()]


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def left(ships: Fleet, limits: Limits, *names: str) -> list[ProcessResult]:
    """Run stand-ins directly; return what they left, in the order of the names."""
    found: dict[int, ProcessResult] = {}

    def hear(event: object) -> None:
        if isinstance(event, Finished):
            found[event.number] = event.done

    commands = [
        [*STAND_IN, *RunOptions().options(FleetEntry(name, f"{HOST}/{name}"))] for name in names
    ]
    run_all(commands, ships.environment(), limits, 2, hear)
    return [found[number] for number in range(len(names))]


@needs_proc
def test_one_that_hangs_is_ended_with_all_that_it_started(ships: Fleet) -> None:
    # Time enough to get there, on a machine that has others to serve.
    hang, fine = left(ships, Limits(seconds=4, grace=0.1), "hang-1", "fine-2")
    assert (hang.end, hang.signal, fine.end) == (End.LATE, "SIGKILL", End.ITSELF)
    both = pids(ships.path / "hang-1.pids")
    assert len(both) == 2
    wait_for(lambda: all(map(ended, both)))


@needs_proc
def test_what_one_leaves_behind_does_not_hold_it_up(ships: Fleet) -> None:
    (orphan,) = left(ships, Limits(seconds=60), "orphan-1")
    assert (orphan.end, orphan.code) == (End.ITSELF, 0)
    assert '"up-to-date"' in orphan.out
    (pid,) = pids(ships.path / "orphan-1.pids")
    wait_for(lambda: ended(pid))


def test_output_is_bounded(ships: Fleet) -> None:
    (flood,) = left(ships, Limits(seconds=60, out=1 << 20, grace=5), "flood-1")
    assert (flood.end, flood.out) == (End.FLOOD, "")


def test_a_program_that_is_not_there() -> None:
    found: list[object] = []
    run_all([["/no/such/program"]], {}, Limits(1), 1, found.append)
    assert isinstance(found[-1], Finished)
    assert found[-1].done.end is End.NOT_STARTED
    assert "No such file" in found[-1].done.err


# --- stopped, and gone on ---------------------------------------------------------------------


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """Wait for the first lines that a fleet prints."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def test_a_fleet_that_is_killed_goes_on_where_it_was(ships: Fleet) -> None:
    ships.write("fine-1", "update-2", "gate-3", "fail-4", "blocked-5")
    first = ships.start("--jobs", "1", "--resume", "round.jsonl")
    lines(first, 2)
    first.kill()
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    (ships.path / "open").touch()
    second = ships.run("--resume", "round.jsonl")
    assert second.code == 1
    assert ships.calls.count("fine-1") == ships.calls.count("update-2") == 1
    assert (
        rows(second.out)["update-2"][2] == "https://git.example.org/update-2/pull/7 (done before)"
    )
    assert "4 of 5 repositories done, 2 of them in an earlier run, 1 failed." in second.out
    third = ships.run("--resume", "round.jsonl", "--output", "json")
    assert ships.calls.count("fail-4") == 2
    assert ships.calls.count("blocked-5") == 1
    again = [one["name"] for one in third.json["repositories"] if not one["done_before"]]
    assert again == ["fail-4"]


@needs_proc
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=str)
def test_a_fleet_that_is_stopped_says_what_is_done(
    ships: Fleet, how: signal.Signals, code: int
) -> None:
    ships.write("fine-1", "gate-2", "fine-3")
    process = ships.start("--jobs", "1", "--resume", "round.jsonl")
    lines(process, 1)
    wait_for((ships.path / "gate-2.pids").exists)
    process.send_signal(how)
    rest, _ = process.communicate()
    assert process.returncode == code
    assert "not-run     2" in rest
    assert rest.endswith("1 of 3 repositories done, 2 not run.\n")
    assert ended(pids(ships.path / "gate-2.pids")[0])
    assert ships.calls == ["fine-1", "gate-2"]
    (header, done) = (ships.path / "round.jsonl").read_text().splitlines()
    assert json.loads(header) == {"format": "fluxbump/fleet-state/v1"}
    assert json.loads(done)["name"] == "fine-1"


def test_a_state_counts_only_for_what_was_asked(ships: Fleet) -> None:
    ships.write("fine-1")
    ships.run("--resume", "s", "--dry-run")
    ships.run("--resume", "s")
    assert ships.calls == ["fine-1", "fine-1"]
    ships.run("--resume", "s")
    assert len(ships.calls) == 2
    ships.write("fine-1", more="defaults: {base: dev}\n")
    ships.run("--resume", "s")
    assert len(ships.calls) == 3


def test_a_state_is_not_believed(ships: Fleet) -> None:
    ships.write("fine-1", "update-2")
    ships.run("--resume", "s")
    state = ships.path / "s"
    header, one, two = state.read_bytes().splitlines(keepends=True)
    bad = json.loads(one if b"fine-1" in one else two)
    bad["target"] = "\x1b]0;owned\x07"
    good = two if b"update-2" in two else one
    lines_ = [header, b"\xff\n", b"[]\n", json.dumps(bad).encode() + b"\n", good, good[:30]]
    state.write_bytes(b"".join(lines_))
    result = ships.run("--resume", "s")
    assert sorted(ships.calls) == ["fine-1", "fine-1", "update-2"]
    assert result.err == "fluxbump: s: 3 lines are not results and are ignored\n"
    assert "\x1b" not in result.out
    assert ships.run("--resume", "s").code == 0
    assert len(ships.calls) == 3


def test_a_file_that_is_no_state_is_not_touched(ships: Fleet) -> None:
    ships.write("fine-1")
    text = (ships.path / "fleet.yaml").read_bytes()
    assert_refused(ships.run("--resume", "fleet.yaml"), 2, "fleet.yaml", "not the state of a fleet")
    assert (ships.path / "fleet.yaml").read_bytes() == text
    (ships.path / "link").symlink_to("fleet.yaml")
    assert_refused(ships.run("--resume", "link"), 2, "link")
    assert_refused(ships.run("--resume", "no/such/folder"), 2, "no/such/folder")
    assert ships.calls == []


def test_a_state_has_one_fleet_at_a_time(ships: Fleet) -> None:
    ships.write("gate-1")
    process = ships.start("--resume", "s")
    wait_for((ships.path / "gate-1.pids").exists)
    assert_refused(ships.run("--resume", "s"), 2, "another fleet")
    (ships.path / "open").touch()
    process.communicate()
    assert process.returncode == 0


# --- shards -----------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 20))
def test_every_repository_is_in_one_shard(size: int, number: int) -> None:
    entries = [FleetEntry(str(n), f"/{n}") for n in range(size)]
    parts = [Shard(index, number).of(entries) for index in range(number)]
    assert sorted(one.name for part in parts for one in part) == sorted(e.name for e in entries)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_shard_is_given_or_of_kubernetes(ships: Fleet) -> None:
    ships.write("fine-0", "fine-1", "fine-2")
    ships.run("--shard", "1/2", JOB_COMPLETION_INDEX="0", JOB_COMPLETIONS="3")
    assert ships.calls == ["fine-1"]
    result = ships.run("--output", "json", JOB_COMPLETION_INDEX="2", JOB_COMPLETIONS="3")
    assert result.json["shard"] == "2/3"
    assert ships.calls == ["fine-1", "fine-2"]
    ships.run(JOB_COMPLETIONS="3")
    assert len(ships.calls) == 5


def test_an_empty_shard_runs_nothing(ships: Fleet) -> None:
    ships.write("fine-0")
    result = ships.run("--shard", "3/4")
    assert (result.code, ships.calls) == (0, [])
    assert result.err == "fluxbump: shard 3/4 has no repository: nothing to do\n"
    assert result.out == "0 of 0 repositories of shard 3/4 done.\n"


@pytest.mark.parametrize(
    "text", ["", "1", "4/4", "-1/4", "0/0", "a/b", "1/2/3", " 0/1", "\u0660/\u0664"]
)
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(UsageError):
        repositories.shard(text, {})


def test_kubernetes_does_not_say_how_many() -> None:
    with pytest.raises(UsageError, match="JOB_COMPLETIONS"):
        repositories.shard(None, {"JOB_COMPLETION_INDEX": "0"})


def test_matrix(ships: Fleet) -> None:
    ships.write("a", "b", "c", "d", "e")

    def matrix(count: int) -> Any:
        command = [str(helpers.SCRIPT), "fleet", "matrix", "fleet.yaml", "--shards", str(count)]
        out = subprocess.run(
            command, cwd=ships.path, env=ships.environment(), capture_output=True, check=True
        ).stdout
        assert out.count(b"\n") == 1
        return json.loads(out)

    assert matrix(2) == {"include": [{"shard": "0/2"}, {"shard": "1/2"}]}
    assert [one["shard"] for one in matrix(9)["include"]] == [f"{n}/5" for n in range(5)]
    ships.write(more="[]")
    (ships.path / "fleet.yaml").write_text("repositories: []\n")
    assert matrix(4) == {"include": [{"shard": "0/1"}]}


@pytest.mark.parametrize(
    "arguments", [["more"], ["--shards", "2"], ["more", "--shards", "2"], ["--jobs", "0"]]
)
def test_wrong_usage(ships: Fleet, arguments: list[str]) -> None:
    ships.write("fine-1")
    assert_refused(ships.run(*arguments), 2)
    assert ships.calls == []


# --- what is said -----------------------------------------------------------------------------


def test_json(ships: Fleet) -> None:
    ships.write("fine-1", "update-2", "fail-3")
    report = ships.run("--output", "json").json
    check(report, "fleet")
    assert report["counts"] == {"up-to-date": 1, "update-available": 1, "failed": 1}
    assert report["complete"] is True
    assert [one["name"] for one in report["repositories"]] == ["fine-1", "update-2", "fail-3"]
    assert report["repositories"][1]["pull_request"]["number"] == 7


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["fine-1"], 0), (["update-1", "fine-2"], 20), (["update-1", "blocked-2"], 21),
        (["blocked-1", "fail-2"], 1),
    ],
)  # fmt: skip
def test_exit_code(ships: Fleet, names: list[str], code: int) -> None:
    ships.write(*names)
    assert ships.run("--exit-code").code == code
    assert ships.run().code == (code if code == 1 else 0)


def test_quiet_prints_the_summary_only(ships: Fleet) -> None:
    ships.write("fine-1", "fail-2")
    out = ships.run("--quiet").out
    assert out.startswith("OUTCOME")
    assert "fine-1" not in out
    assert "fail-2  failed" in out


def test_logs_name_the_repository(ships: Fleet) -> None:
    ships.write("fine-1", "fail-2")
    result = ships.run("--log-format", "json", "--jobs", "1")
    said = [json.loads(line) for line in result.err.splitlines()]
    assert said[0] == {
        "repository": "fine-1",
        "event": "decided",
        "message": "done",
        "name": "fine-1",
    }
    assert [one["repository"] for one in said] == ["fine-1", "fail-2", "fail-2"]
    assert "no such repository" in said[-1]["message"]


def test_colours_only_where_they_are_wanted(ships: Fleet) -> None:
    ships.write("fail-1")
    assert "\x1b[" not in ships.run().out
    assert "\x1b[" in ships.run("--color", "always").out
    assert "\x1b[" not in ships.run(NO_COLOR="1").out


def test_summary_page(ships: Fleet) -> None:
    ships.write("fine-1", "update-2", "blocked-3")
    page = ships.path / "page.md"
    page.write_text("before\n")
    ships.run(GITHUB_STEP_SUMMARY=str(page))
    text = page.read_text()
    assert text.startswith("before\n### 3 of 3 repositories done\n\n| Repository |")
    assert (
        "| `update-2` | update-available | 2.5.1 | [`7`](https://git.example.org/update-2/pull/7) |"
        in text
    )
    assert "| `blocked-3` | blocked | 2.8.0 | FB202: a stored" in text
    assert "fine-1" not in text
    assert ships.run(GITHUB_STEP_SUMMARY="/no/such/page").code == 0


def test_progress_is_for_a_terminal(ships: Fleet) -> None:
    ships.write("fine-1", "fine-2")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ships.command("--jobs", "1"),
        cwd=ships.path, env={**ships.environment(), "TERM": "xterm"},
        stdout=subprocess.PIPE, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    out, _ = process.communicate()
    said = b"".join(pieces(ours))
    assert b"\r\x1b[K0 of 2 done, running: fine-1" in said
    assert said.endswith(b"\r\x1b[K")
    assert b"\x1b" not in out


def pieces(descriptor: int) -> Iterator[bytes]:
    try:
        while data := os.read(descriptor, 4096):
            yield data
    except OSError:  # how Linux says that the other end is closed
        return
    finally:
        os.close(descriptor)


def test_no_secret_is_in_any_output(ships: Fleet) -> None:
    ships.write("leak-1", "leakfail-2", "fine-3")
    page = ships.path / "page.md"
    given_ = {"FLUXBUMP_TOKEN": secrets.PLANTED, "GITHUB_STEP_SUMMARY": str(page)}
    for arguments in ([], ["--output", "json"], ["--log-format", "json"], ["--verbose"]):
        result = ships.run("--resume", f"s{len(arguments)}{arguments[:1]}", *arguments, **given_)
        assert "***" in result.out
        assert secrets.leaks(result.out, result.err) == []
    assert secrets.leaks(ships.path) == []
