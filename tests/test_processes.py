"""Work that is divided comes out as if it were not, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from msgspec.structs import replace

from fixtures import states
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Effort
from fluxbump.check.rules.objects.fields import unknown_field
from fluxbump.discover.inventory import discover
from fluxbump.discover.objects import flux_objects
from fluxbump.discover.scope import Scope
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.tables import crds
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.system import process_pool
from fluxbump.system.parallel import serially
from fluxbump.system.process_pool import WORTH, among_processes
from fluxbump.text.live_code import encode
from tests.helpers import app_versions, release

HERE = os.getpid()
MANY = range(3 * WORTH)


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there are three processors, and no threads that earlier tests have left.

    What waits for a server that never answers is abandoned on purpose, in whatever test that was.
    """
    count = threading.active_count
    others = count() - 1
    monkeypatch.setattr(threading, "active_count", lambda: count() - others)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})


def who(part: Sequence[int]) -> tuple[int, Sequence[int]]:
    return os.getpid(), part


def test_parts_are_whole_and_in_order() -> None:
    done = among_processes(who, MANY)
    assert [one for _, part in done for one in part] == list(MANY)
    assert len({pid for pid, _ in done}) == 3
    assert done[0][0] == HERE
    shares = Counter(pid for pid, part in done for _ in part)
    assert max(shares.values()) - min(shares.values()) <= len(done)


def test_neighbours_go_to_different_processes() -> None:
    """Files of one folder may all take long."""
    pids = [pid for pid, _ in among_processes(who, MANY)]
    assert len(set(pids)) == 3
    assert all(one != other for one, other in pairwise(pids))


def test_what_is_not_worth_a_process_stays_here() -> None:
    assert among_processes(who, range(2 * WORTH - 1)) == [(HERE, range(2 * WORTH - 1))]
    assert among_processes(who, ()) == [(HERE, ())]


def test_a_fork_is_not_made_beside_a_thread() -> None:
    """A lock that the thread holds would never be released in the child."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert among_processes(who, MANY) == [(HERE, MANY)]
    finally:
        stop.set()
        thread.join()


def killed_elsewhere(part: Sequence[int]) -> tuple[int, Sequence[int]]:
    if os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)
    return who(part)


def failing_elsewhere(part: Sequence[int]) -> tuple[int, Sequence[int]]:
    if os.getpid() != HERE:
        raise MemoryError
    return who(part)


def unpicklable(part: Sequence[int]) -> tuple[int, Sequence[int], object]:
    return *who(part), lambda: None


@pytest.mark.parametrize("work", [killed_elsewhere, failing_elsewhere, unpicklable])
def test_a_child_that_fails_is_stood_in_for(
    work: object, capfd: pytest.CaptureFixture[str]
) -> None:
    assert callable(work)
    done = among_processes(work, MANY)
    assert {one[0] for one in done} == {HERE}
    assert [number for one in done for number in one[1]] == list(MANY)
    assert capfd.readouterr() == ("", "")


def broken(part: Sequence[int]) -> int:
    if MANY[-1] in part:
        raise ValueError("the last part")
    return len(part)


def test_an_error_is_raised_and_no_child_stays() -> None:
    with pytest.raises(ValueError, match="the last part"):
        among_processes(broken, MANY)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "WORTH", 3)
    snapshot = MemorySnapshot(states.files())
    scope = Scope(app_versions=app_versions())
    divided = Scope(app_versions=app_versions(), spread=among_processes)
    assert discover(snapshot, divided) == discover(snapshot, scope)
    found = flux_objects.find(snapshot, scope.excludes, spread=among_processes)
    assert found == flux_objects.find(snapshot, scope.excludes, spread=serially)
    assert found.resources


def test_a_rule_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "WORTH", 3)
    later = encode(release() + "  install: {disableTakeOwnership: true}\n")
    files = states.files() | {f"clusters/{number}.yaml": later for number in range(9)}
    snapshot = MemorySnapshot(files)
    scope = Scope(app_versions=app_versions())
    manifests = flux_objects.find(snapshot, scope.excludes)
    held = Evidence(
        discover(snapshot, scope), objects=manifests, releases=KnownReleases(crds.crds())
    )
    found = list(unknown_field(held))
    assert len(found) == 9
    assert list(unknown_field(replace(held, effort=Effort(spread=among_processes)))) == found
