"""Machines that lack something: the error says what, and is no bug of fluxbump."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fluxbump.system import cache_file, scratch
from tests.helpers import Cli, Repo
from tests.kills import kills

FLUXBUMP = (sys.executable, "-m", "fluxbump")
COMMANDS = (("to", "2.5.1", "--dry-run"), ("to", "2.5.1"), ("check",), ("status",))


def start(
    repo: Repo, *words: str, limits: tuple[str, ...] = (), **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the program below limits of a shell, with what else it finds in its environment."""
    script = "".join(f"ulimit {limit} && " for limit in limits) + 'exec "$@"'
    return subprocess.run(
        ["sh", "-c", script, "sh", *FLUXBUMP, *words],
        cwd=repo.path, env={**os.environ, **environ}, text=True, capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_few_descriptors(repo: Repo, index: Path, command: tuple[str, ...]) -> None:
    codes = set()
    for number in range(8, 17):
        done = start(repo, *command, limits=(f"-n {number}",), FLUXBUMP_INDEX=str(index))
        codes.add(done.returncode)
        if done.returncode:
            first, *facts = done.stderr.splitlines()
            assert first.endswith("too many open files")
            assert facts == [
                "  fluxbump wrote nothing",
                "  raise the limit with `ulimit -n 256`",
            ]
    assert codes == {0, 71}


def test_no_file_can_have_a_byte(repo: Repo, index: Path) -> None:
    done = start(repo, "to", "2.5.1", limits=("-f 0",), FLUXBUMP_INDEX=str(index))
    assert done.returncode == 71
    assert done.stderr == (
        "error: the system refuses: file too large\n"
        "  fluxbump wrote nothing\n"
        "  raise the limit with `ulimit -f unlimited`\n"
    )
    assert repo.git("for-each-ref", "refs/heads/fluxbump") == ""


_CREATED = """
import os, sys
made = []
def see(event, words):
    if event == "open" and words[2] & os.O_CREAT and str(words[0]).startswith(os.environ["TMPDIR"]):
        made.append(os.path.relpath(words[0], os.environ["TMPDIR"]).split("/")[0])
sys.addaudithook(see)
from fluxbump.cli.app import run
code = run(sys.argv[1:])
print(code, *made, file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_killed_run_leaves_tells_whose_it_is(
    repo: Repo, index: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Or else no later run sweeps it. Python's search for a directory would leave such files."""
    environ = {**os.environ, "FLUXBUMP_INDEX": str(index), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _CREATED, *command, "-q"],
        cwd=repo.path, env=environ, text=True, capture_output=True, check=False,
    )  # fmt: skip
    code, *made = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    without_a_name = "."  # O_TMPFILE, open(2)
    told = [name for name in made if name != without_a_name]
    assert [name for name in told if not name.startswith("fluxbump-scratch-")] == []


@pytest.mark.parametrize("command", [("to", "2.5.1"), ("check",), ("status",)], ids=" ".join)
def test_a_directory_that_is_gone(
    repo: Repo, index: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    gone = tmp_path / "gone"
    environ = {**os.environ, "FLUXBUMP_INDEX": str(index)}
    script = f'mkdir "{gone}" && cd "{gone}" && rmdir "{gone}" && exec "$@"'
    words = ["sh", "-c", script, "sh", *FLUXBUMP, *command]
    done = subprocess.run(words, env=environ, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (
        6, "error: the current directory no longer exists\n  change to a directory that exists\n",
    )  # fmt: skip
    there = subprocess.run(
        [*words, "--repo", str(repo.path)], env=environ, text=True, capture_output=True, check=False
    )
    assert there.returncode == 0, there.stderr


def link(repo: Repo, path: str, target: str) -> None:
    place = repo.path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    repo.git("add", "--", path)
    repo.git("commit", "-qm", "link")


@pytest.mark.parametrize("where", ["--rev=HEAD", "--worktree", "--staged"])
def test_a_configuration_that_is_a_link(repo: Repo, cli: Cli, where: str) -> None:
    repo.write("settings.yaml", "exclude: [clusters]\n")
    link(repo, "fluxbump.yaml", "settings.yaml")
    done = cli("check", "--no-render", where, cwd=repo)
    said = "is a symbolic link, which fluxbump does not follow\n  replace it with the file"
    assert (done.code, done.err) == (3, f"error: fluxbump.yaml: {said}\n")


def test_a_manifest_that_is_a_link_out_of_here_is_named(repo: Repo, cli: Cli) -> None:
    link(repo, "clusters/gamma/flux.yaml", "/etc/flux.yaml")
    out = cli("status", cwd=repo).out
    assert "clusters/gamma/flux.yaml:1" in out
    assert "is a link out of this repository, which fluxbump does not follow" in out


def test_twenty_bumps_at_once_end_well(repo: Repo) -> None:
    """One makes the branch; for all others it holds the result already."""
    begun = [
        subprocess.Popen(
            repo.command("to", "2.5.1", "-o", "json"), cwd=repo.path, env=repo.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(20)
    ]  # fmt: skip
    ended = [(*process.communicate(), process.returncode) for process in begun]
    assert [(err, code) for _, err, code in ended if code] == []
    told = [json.loads(out)["outcome"] for out, _, _ in ended]
    assert sorted(told) == ["created", *["unchanged"] * 19]


def test_kills_at_random_moments_leave_nothing(tmp_path: Path) -> None:
    """`make kills COUNT=500` takes longer, and kills more."""
    hits = kills(5, 4, tmp_path)
    assert set(hits) == {"to", "to --in-place", "run"}


def test_the_next_run_sweeps_what_a_killed_one_left(repo: Repo, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    objects = repo.path / ".git" / "objects"
    for dead in (temporary / "fluxbump-scratch-dead", objects / "tmp_objdir-fluxbump-dead"):
        (dead / "pack").mkdir(parents=True)
        (dead / "pack" / "tmp_pack_x").write_bytes(b"half")
    theirs = temporary / "somebody-else"
    theirs.mkdir()
    done = repo.fluxbump("to", "2.5.1", TMPDIR=str(temporary))
    assert done.code == 0, done.err
    assert list(temporary.iterdir()) == [theirs]
    assert list(objects.glob("tmp_*")) == []
    assert repo.git("fsck", "--strict") == ""


def test_what_a_killed_run_has_half_written_is_swept_from_the_cache(tmp_path: Path) -> None:
    for name in ("tmpdead", "tmplive", "other"):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (0, 0) if name != "tmplive" else None)
    cache_file.write(tmp_path / "kept", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"tmplive", "other", "kept"}


def test_what_a_live_run_uses_is_not_swept(tmp_path: Path) -> None:
    """Another process has the lock of its directory."""
    script = (
        "import sys, pathlib; from fluxbump.system import scratch\n"
        f"with scratch.directory(parent=pathlib.Path({str(tmp_path)!r})) as place:\n"
        "    print(place, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        used = Path(other.stdout.readline().strip())
        with scratch.directory(parent=tmp_path) as ours:
            assert {used, ours} == set(tmp_path.iterdir())
        other.kill()
    assert list(tmp_path.iterdir()) == [used]
    again = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, check=True, capture_output=True
    )
    assert again.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_pack(repo: Repo) -> None:
    """A file may have two kibibytes: too little for the objects of a bump."""
    done = start(repo, "to", "2.5.1", limits=("-f 4",), FLUXBUMP_INDEX=str(repo.index))
    assert done.returncode in {6, 71}
    assert "Traceback" not in done.stderr
    git = repo.path / ".git"
    assert [*git.glob("objects/**/tmp_*"), *git.glob("fast_import_crash_*")] == []
    assert repo.git("for-each-ref", "refs/heads/fluxbump") == ""


@pytest.mark.parametrize("name", ["Chart.yaml", "requirements.yaml"])
def test_a_template_of_a_chart_is_named_and_stays(repo: Repo, cli: Cli, name: str) -> None:
    """A scaffold makes charts of it; it is no YAML, so it was an error and then nothing."""
    text = "name: {{ name }}\ndependencies:\n  - name: flux2\n    version: 2.14.1\n"
    path = f"scaffold/templates/{name}"
    repo.commit({path: text})
    out = cli("status", cwd=repo).out
    assert f"{path}:3  a template of a chart that depends on flux2. Change it by hand" in out
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.git("show", f"fluxbump/flux-2.5.1:{path}") == text
    repo.commit({path: text.replace("flux2", "podinfo")})
    assert path not in cli("status", cwd=repo).out
