"""Files of a working tree are replaced all or none, whatever happens at whatever moment.

A real process is killed, disturbed or refused at every call that changes a name on the disk: an
audit hook of the interpreter (PEP 578) counts these calls, and at the chosen one it ends the
process with SIGKILL, sends it a signal, or lets the call fail.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from fluxbump.errors import RepositoryError
from fluxbump.model import Step
from fluxbump.system import atomic_replace, replace_journal, replace_recovery
from fluxbump.system.locks import locked
from fluxbump.system.replace_recovery import Worktree
from tests.helpers import ROOT

Files = Mapping[str, bytes | None]

BEFORE: Files = {
    "a.yaml": b"a: 1\r\n",
    "b/c.sh": b"#!/bin/sh\necho old\n",
    "b/charts/old.tgz": b"old archive",
    "b/charts/new.tgz": None,
    "d.txt": b"caf\xe9 1\n",
}
AFTER: Files = {
    "a.yaml": b"a: 2\r\n",
    "b/c.sh": b"#!/bin/sh\necho new\n",
    "b/charts/old.tgz": None,
    "b/charts/new.tgz": b"new archive" * 1000,
    "d.txt": b"caf\xe9 2\n",
}
OTHERS = {"b/untouched": b"same\n"}

PACKAGES = Path(msgspec.__file__).parent.parent
"""Where the one package lies that `swap` needs: `-S` leaves it out, to start fast."""

HEAD = f"""
import errno, os, signal, sys
sys.path[:0] = [{str(ROOT)!r}, {str(PACKAGES)!r}]
from pathlib import Path
from fluxbump.system import atomic_replace, replace_recovery

BEFORE, AFTER = {BEFORE!r}, {AFTER!r}
place = replace_recovery.Worktree(Path(sys.argv[1]), Path(sys.argv[2]))
"""
SCRIPT = """
seen, chosen, deed = 0, int(sys.argv[3]), sys.argv[4]
calls = ("os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.chmod")

def changes(event, arguments):
    return event in calls or (event == "open" and (arguments[2] or 0) & os.O_CREAT)

def hook(event, arguments):
    global seen
    if not changes(event, arguments):
        return
    seen += 1
    if seen == chosen:
        if deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif deed == "fail":
            raise OSError(errno.EIO, "broken", "disk")
        else:
            os.kill(os.getpid(), getattr(signal, deed))

sys.addaudithook(hook)
what = sys.argv[5]
if what == "write":
    atomic_replace.write(place, BEFORE, AFTER)
else:
    replace_recovery.recover(place)
print(seen)
"""


@pytest.fixture
def place(tmp_path: Path) -> Worktree:
    made = Worktree(tmp_path / "tree", tmp_path / "git" / "fluxbump")
    fill(made)
    return made


def fill(place: Worktree) -> None:
    """Make the tree as it is before, with an executable and a file that nobody else may read."""
    place.private.mkdir(parents=True, exist_ok=True)
    for path, data in {**BEFORE, **OTHERS}.items():
        target = place.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if data is not None:
            target.write_bytes(data)
    (place.root / "b/c.sh").chmod(0o755)
    (place.root / "d.txt").chmod(0o600)


def held(place: Worktree) -> dict[str, bytes]:
    """All files of the tree, whatever they are called."""
    files = sorted(path for path in place.root.rglob("*") if path.is_file())
    return {str(path.relative_to(place.root)): path.read_bytes() for path in files}


def expected(files: Files) -> dict[str, bytes]:
    return {path: data for path, data in {**files, **OTHERS}.items() if data is not None}


def python(place: Worktree, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in an interpreter without packages: they take longer to load than it to run."""
    command = [sys.executable, "-I", "-S", "-c", HEAD + script, str(place.root), str(place.private)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)


def run(
    place: Worktree, chosen: int, deed: str, what: str = "write"
) -> subprocess.CompletedProcess[str]:
    return python(place, SCRIPT, str(chosen), deed, what)


def is_tidy(place: Worktree) -> bool:
    """Whether nothing is left but the lock."""
    return {path.name for path in place.private.rglob("*")} <= {place.lock.name}


def steps(place: Worktree, what: str = "write") -> int:
    """How many calls an undisturbed run makes."""
    done = run(place, 0, "kill", what)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_files_are_replaced_created_and_removed(place: Worktree) -> None:
    atomic_replace.write(place, BEFORE, AFTER)
    assert held(place) == expected(AFTER)
    assert stat.S_IMODE((place.root / "b/c.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((place.root / "d.txt").stat().st_mode) == 0o600
    assert is_tidy(place)
    assert replace_recovery.recover(place) is None


def test_killed_at_every_call(place: Worktree) -> None:
    count = steps(place)
    assert count > 25
    outcomes = []
    for chosen in range(1, count + 1):
        fill(place)
        assert run(place, chosen, "kill").returncode == -signal.SIGKILL
        undone = replace_recovery.recover(place)
        assert is_tidy(place)
        now = held(place)
        assert now in (expected(BEFORE), expected(AFTER)), chosen
        outcomes.append((now == expected(AFTER), undone))
    # Old up to one moment, and new from it on; what has a journal is undone, and that is said.
    assert sorted(new for new, _ in outcomes) == [new for new, _ in outcomes]
    assert {undone for new, undone in outcomes if new} == {None}
    assert {undone for new, undone in outcomes if not new} == {None, len(AFTER)}


def test_modes_are_kept_through_an_undo(place: Worktree) -> None:
    last = steps(place)
    for chosen in range(last - 9, last):
        fill(place)
        run(place, chosen, "kill")
        replace_recovery.recover(place)
        assert stat.S_IMODE((place.root / "b/c.sh").stat().st_mode) == 0o755
        assert stat.S_IMODE((place.root / "d.txt").stat().st_mode) == 0o600


def half_done(place: Worktree) -> None:
    """Kill a run before its last rename, when some files are new."""
    fill(place)
    assert python(place, KILLED).returncode == -signal.SIGKILL
    now = held(place)
    assert (now["b/c.sh"], now["d.txt"]) == (AFTER["b/c.sh"], BEFORE["d.txt"])


KILLED = """
def hook(event, arguments):
    if event == "os.rename" and arguments[1] == "d.txt":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
atomic_replace.write(place, BEFORE, AFTER)
"""


def test_killed_again_while_it_is_undone(place: Worktree) -> None:
    half_done(place)
    count = steps(place, "recover")
    assert held(place) == expected(BEFORE)
    for chosen in range(1, count + 1):
        half_done(place)
        assert run(place, chosen, "kill", "recover").returncode == -signal.SIGKILL
        replace_recovery.recover(place)
        assert held(place) == expected(BEFORE), chosen
        assert is_tidy(place)


def test_every_call_fails_once(place: Worktree) -> None:
    """A failed call is undone at once; the one that only tidies up does not count."""
    for chosen in range(1, steps(place) + 1):
        fill(place)
        done = run(place, chosen, "fail")
        if done.returncode:
            assert "RepositoryError" in done.stderr, done.stderr
            assert held(place) == expected(BEFORE), chosen
        else:
            assert held(place) == expected(AFTER), chosen
        assert replace_recovery.recover(place) is None


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_waits_until_it_is_settled(place: Worktree, name: str) -> None:
    results = set()
    for chosen in range(1, steps(place) + 1, 3):
        fill(place)
        done = run(place, chosen, name)
        assert done.returncode == -getattr(signal, name), done.stderr
        assert held(place) in (expected(BEFORE), expected(AFTER)), chosen
        results.add(held(place) == expected(AFTER))
        assert is_tidy(place)
        assert replace_recovery.recover(place) is None
    assert results == {True, False}


# --- what the file system refuses ----------------------------------------------------------------


def test_a_file_that_cannot_be_replaced(place: Worktree) -> None:
    """The last file is immutable: the others go back."""
    last = place.root / "d.txt"
    if subprocess.run(["chattr", "+i", last], capture_output=True, check=False).returncode:
        pytest.skip("chattr +i does not work here")
    try:
        with pytest.raises(RepositoryError, match="fluxbump changed no files") as caught:
            atomic_replace.write(place, BEFORE, AFTER)
    finally:
        subprocess.run(["chattr", "-i", last], check=True)
    assert caught.value.where == "d.txt"
    assert held(place) == expected(BEFORE)
    assert is_tidy(place)


def test_a_file_that_grows_too_large(place: Worktree) -> None:
    """As on a full disk: the third file cannot be written to its end."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(RepositoryError, match="File too large") as caught:
            atomic_replace.write(place, BEFORE, AFTER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.where == "b/charts/new.tgz"
    assert held(place) == expected(BEFORE)
    assert is_tidy(place)


def test_another_file_system_has_no_hard_links(place: Worktree) -> None:
    other = Path("/dev/shm")  # noqa: S108  # a file system of its own, on Linux
    if not other.is_dir() or other.stat().st_dev == place.root.stat().st_dev:
        pytest.skip("no second file system here")
    away = other / f"fluxbump-test-{os.getpid()}"
    away.mkdir()
    far = Worktree(place.root, away)
    try:
        for chosen in range(1, steps(far) + 1):
            fill(far)
            run(far, chosen, "kill")
            replace_recovery.recover(far)
            assert held(far) in (expected(BEFORE), expected(AFTER)), chosen
            assert stat.S_IMODE((far.root / "b/c.sh").stat().st_mode) == 0o755
            assert is_tidy(far)
    finally:
        subprocess.run(["rm", "-r", str(away)], check=True)


# --- what others do meanwhile --------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(BEFORE))
def test_a_file_that_is_not_what_was_read(place: Worktree, path: str) -> None:
    (place.root / path).write_bytes(b"mine")
    mine = held(place)
    with pytest.raises(RepositoryError, match="fluxbump changed no files") as caught:
        atomic_replace.write(place, BEFORE, AFTER)
    assert caught.value.where == path
    assert held(place) == mine
    assert is_tidy(place)


DISTURBED = """
done = False

def hook(event, arguments):
    global done
    if event == "os.rename" and str(arguments[0]).startswith(".fluxbump-") and not done:
        done = True
        Path(sys.argv[1], "d.txt").write_bytes(b"mine")

sys.addaudithook(hook)
atomic_replace.write(place, BEFORE, AFTER)
"""


def test_a_file_that_changes_while_others_are_renamed(place: Worktree) -> None:
    done = python(place, DISTURBED)
    assert "d.txt: another process changed the file; fluxbump changed no files" in done.stderr
    assert held(place) == {**expected(BEFORE), "d.txt": b"mine"}
    assert is_tidy(place)


def test_what_was_changed_after_a_kill_is_not_overwritten(place: Worktree) -> None:
    half_done(place)
    (place.root / "a.yaml").write_bytes(b"mine")
    before = held(place)
    with pytest.raises(RepositoryError, match="this file has changed since") as caught:
        replace_recovery.recover(place)
    assert caught.value.where == "a.yaml"
    assert f"rm -r {place.folder}" in [
        step.command for step in caught.value.next if isinstance(step, Step)
    ]
    assert held(place) == before
    # As the message says: once the file is in order, the rest is undone.
    (place.root / "a.yaml").write_bytes(BEFORE["a.yaml"] or b"")
    assert replace_recovery.recover(place) == len(AFTER)
    assert held(place) == expected(BEFORE)


def test_git_clean_after_a_kill_takes_nothing_that_is_needed(place: Worktree) -> None:
    half_done(place)
    for path in place.root.rglob(".fluxbump-*"):
        path.unlink()
    replace_recovery.recover(place)
    assert held(place) == expected(BEFORE)


def test_one_run_at_a_time(place: Worktree) -> None:
    with locked(place.lock):
        with pytest.raises(RepositoryError, match="another run of fluxbump"):
            atomic_replace.write(place, BEFORE, AFTER)
        place.folder.mkdir()
        assert replace_recovery.recover(place) is None  # it is at work, not cut short
        place.folder.rmdir()
    assert held(place) == expected(BEFORE)


def test_no_symbolic_link_is_followed(place: Worktree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (place.root / "b").rename(outside)
    (place.root / "b").symlink_to(outside)
    with pytest.raises(RepositoryError):
        atomic_replace.write(place, BEFORE, AFTER)
    assert (outside / "c.sh").read_bytes() == BEFORE["b/c.sh"]
    assert (place.root / "a.yaml").read_bytes() == BEFORE["a.yaml"]


def test_a_link_in_place_of_a_file_is_not_followed(place: Worktree, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(BEFORE["a.yaml"] or b"")
    (place.root / "a.yaml").unlink()
    (place.root / "a.yaml").symlink_to(tmp_path / "outside")
    with pytest.raises(RepositoryError):
        atomic_replace.write(place, BEFORE, AFTER)
    assert (place.root / "a.yaml").is_symlink()
    assert (tmp_path / "outside").read_bytes() == BEFORE["a.yaml"]


# --- the journal is input ------------------------------------------------------------------------

MARK = "0123456789abcdef"
OLD, NEW = replace_journal.digest(b"old"), replace_journal.digest(b"new")


def document(*steps: object, **more: object) -> bytes:
    content = {"format": "fluxbump/in-place/v1", "token": MARK, "steps": list(steps), **more}
    return json.dumps(content).encode()


def test_a_journal_comes_back() -> None:
    made = replace_journal.of(
        MARK, {"caf\udce9": b"old", "b": None}, {"caf\udce9": None, "b": b"new"}
    )
    assert replace_journal.parse(replace_journal.dump(made)) == made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        document().replace(MARK.encode(), b"../../x"),
        document(token=7),
        document(format="other"),
        document("a"),
        document(["a", OLD]),
        document(["a", OLD, "x"]),
        document(["a", 1, NEW]),
        document([7, OLD, NEW]),
        *(
            document([path, OLD, NEW])
            for path in (
                "", "/etc/passwd", "../a", "a/../../b", "a/./b", "a//b", ".git/config",
                "a/.GIT/hooks/x", "a\0b", "a/",
            )
        ),
        document(["a", OLD, NEW], ["a", OLD, NEW]),
    ],
)  # fmt: skip
def test_a_journal_that_is_none_of_ours_undoes_nothing(place: Worktree, data: bytes) -> None:
    place.folder.mkdir()
    (place.folder / "journal.json").write_bytes(data)
    with pytest.raises(RepositoryError, match="cannot be read") as caught:
        replace_recovery.recover(place)
    assert f"rm -r {place.folder}" in [
        step.command for step in caught.value.next if isinstance(step, Step)
    ]
    assert held(place) == expected(BEFORE)


def test_a_journal_through_a_link_is_not_read(place: Worktree, tmp_path: Path) -> None:
    place.folder.mkdir()
    (tmp_path / "elsewhere").write_bytes(document())
    (place.folder / "journal.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RepositoryError, match="cannot undo an interrupted run"):
        replace_recovery.recover(place)


def test_an_original_that_is_another_file_is_not_put_back(place: Worktree) -> None:
    half_done(place)
    for original in place.folder.glob("[0-9]"):
        original.unlink()
        original.write_bytes(b"planted")
    before = held(place)
    with pytest.raises(RepositoryError, match="original of this file is gone"):
        replace_recovery.recover(place)
    assert held(place) == before
