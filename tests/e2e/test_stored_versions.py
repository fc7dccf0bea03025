"""The rule of `fluxbump.flux.stored_versions`, held against the API server that has it.

Releases with equal CRDs are one and the same to the server, so each class is tested by its oldest:
every ordered pair of them, conflicting or not. `test_crds` holds the rule to all releases.
"""

from __future__ import annotations

import re
from itertools import combinations, permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fluxbump.check import cluster
from fluxbump.flux import stored_versions, upgrade_path
from fluxbump.flux.stored_versions import Conflict
from fluxbump.flux.tables import crds as tables
from tests.e2e import build, server
from tests.e2e.server import Server
from tests.helpers import Repo
from tests.refusals import recognise

TABLE = tables.crds()
CLASSES = tuple(
    release
    for n, release in enumerate(TABLE)
    if TABLE[release] not in [TABLE[other] for other in list(TABLE)[:n]]
)
_NEXT_ERROR = re.compile(r", (?=status\.storedVersions\[)")


def errors(message: str) -> tuple[str, list[str]]:
    """Split a message into its head and its errors; the server puts those in no fixed order."""
    head, words, tail = message.partition(" is invalid: ")
    assert words
    return head, sorted(_NEXT_ERROR.split(tail.removeprefix("[").removesuffix("]")))


def assert_refused(
    refused: dict[str, str], expected: tuple[Conflict, ...], kubernetes: str
) -> None:
    """The server refused the CRDs that were expected, in the words that were expected."""
    assert set(refused) == {one.crd for one in expected}
    for one in expected:
        said, ours = refused[one.crd], one.message(kubernetes)
        assert len(said) == len(ours)
        assert errors(said) == errors(ours)
        if len(one.stored) == 1:
            assert said == ours
        crd, version, _ = recognise(said) or ("", "", None)
        assert crd == one.crd
        assert version in one.stored


def live(api: Server, at: str, *through: str) -> None:
    """Take a cluster through releases and to `at`, where it is to be refused nothing.

    What stands in its way is pruned, and no more, so that it stores as much as a cluster can.
    """
    for release in (*through, at):
        stands = {name: crd.names for name, crd in TABLE[release].items()}
        stored = api.stored()
        kept = {
            name: tuple(version for version in listed if version in stands.get(name, listed))
            for name, listed in stored.items()
        }
        api.prune({name: some for name, some in kept.items() if some != stored[name]})
        assert api.apply(TABLE[release]) == {}


# --- every pair -------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), list(permutations(CLASSES, 2)))
def test_a_fresh_cluster_refuses_what_is_foretold(api: Server, old: str, new: str) -> None:
    assert api.apply(TABLE[old]) == {}
    before = api.stored()
    assert before == stored_versions.stored_by(TABLE[old])

    refused = api.apply(TABLE[new])
    assert_refused(refused, stored_versions.fresh(TABLE, old, new), api.version)
    after = api.stored()
    for name, listed in before.items():
        taken = name in TABLE[new] and name not in refused
        more = (TABLE[new][name].storage,) if taken else ()
        assert after[name] == tuple(dict.fromkeys((*listed, *more)))


@pytest.mark.parametrize(("old", "new"), list(combinations(CLASSES, 2)))
def test_a_cluster_with_a_history_refuses_what_is_foretold(api: Server, old: str, new: str) -> None:
    live(api, old, *stored_versions.earlier(TABLE, old, CLASSES))
    stored = api.stored()
    assert stored == stored_versions.history(TABLE, old)

    refused = api.apply(TABLE[new])
    assert_refused(refused, stored_versions.exact(stored, TABLE, new), api.version)
    foretold = (
        *stored_versions.fresh(TABLE, old, new),
        *stored_versions.reachable(TABLE, old, new),
    )
    assert set(refused) == {one.crd for one in foretold}


@pytest.mark.parametrize(
    ("through", "at", "new"),
    [
        (["2.1.2"], "2.4.0", "2.7.5"),
        (["2.3.0"], "2.4.0", "2.7.5"),
        (["2.2.0", "2.3.0"], "2.6.4", "2.8.5"),
        (["2.0.0", "2.4.0"], "2.6.4", "2.9.4"),
        (["2.5.1"], "2.7.5", "2.8.8"),
    ],
)
def test_a_history_that_is_known_in_part(
    api: Server, through: list[str], at: str, new: str
) -> None:
    live(api, at, *through)
    assert api.stored() == stored_versions.history(TABLE, at, through)
    foretold = (
        *stored_versions.fresh(TABLE, at, new),
        *stored_versions.reachable(TABLE, at, new, through),
    )
    assert set(api.apply(TABLE[new])) == {one.crd for one in foretold}


# --- the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("start", CLASSES)
def test_the_server_takes_every_hop_of_a_route(api: Server, start: str) -> None:
    """And before `flux migrate` it refuses what the route says to migrate, and nothing else."""
    live(api, start, *stored_versions.earlier(TABLE, start, CLASSES))
    goal = list(TABLE)[-1]
    found = upgrade_path.route(TABLE, start, goal, list(TABLE))
    assert found.problem is None
    for hop in found.hops:
        assert_refused(api.apply(TABLE[hop.new]), hop.migrate, api.version)
        if hop.migrate:
            api.prune(stored_versions.stored_by(TABLE[hop.old]))
            assert api.apply(TABLE[hop.new]) == {}
    assert api.stored().keys() >= TABLE[goal].keys()


# --- what a user hands over -------------------------------------------------------------------


def test_the_list_of_a_server_is_a_cluster_state(api: Server, repo: Repo, tmp_path: Path) -> None:
    live(api, "2.4.0", "2.2.0", "2.3.0")
    listed = api.definitions()
    flux = {name: some for name, some in api.stored().items() if "toolkit" in name}
    assert cluster.parse(listed, "the server") == flux

    state = tmp_path / "state.json"
    state.write_text(listed)
    said = repo.fluxbump("path", "2.7.5", "--from", "2.4.0", "--cluster-state", str(state))
    assert said.code == 0, said.err
    refused = api.apply(TABLE["2.7.5"])
    assert refused
    for name, message in refused.items():
        _, version, _ = recognise(message) or ("", "", None)
        assert f"{TABLE['2.4.0'][name].kind} {version} (certain)" in said.out


# --- the server itself ------------------------------------------------------------------------


def test_a_cluster_with_flux_is_left_alone(api: Server) -> None:
    assert api.flux() == []
    api.apply(TABLE["2.4.0"])
    assert api.flux() == sorted(TABLE["2.4.0"])


def fail_beside_a_server(log: Path, state: Path) -> None:
    with server.started(build.need(), log) as one:
        assert one.apply(TABLE["2.4.0"]) == {}
        assert list(state.iterdir())
        raise RuntimeError("the test failed")


def test_a_server_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The path of a socket is short: pytest's directories are too deep for it.
    with TemporaryDirectory(prefix="fluxbump-") as directory:
        monkeypatch.setenv("TMPDIR", directory)
        with pytest.raises(RuntimeError, match="the test failed"):
            fail_beside_a_server(tmp_path / "log", Path(directory))
        assert list(Path(directory).iterdir()) == []
