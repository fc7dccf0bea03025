from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import contracts, helpers
from tests.forges.contract import Contract
from tests.run.world import SPRING, World, world
from tests.secrets import leaks

Make = Callable[..., World]


@pytest.fixture(scope="session")
def contract() -> Contract | None:
    """GitHub's description; None without it, which a test of the adapter says."""
    path = contracts.find(contracts.GITHUB)
    return Contract(path) if path else None


@pytest.fixture(autouse=True)
def _bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process have nothing of the developer's either."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "FLUXBUMP_", "XDG_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in helpers.environment(tmp_path / "world" / "home").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def make(tmp_path: Path, index: Path, contract: Contract | None) -> Iterator[Make]:
    """Make the world of a test; at its end it is judged, and the secret is searched for."""
    made: list[World] = []
    with ExitStack() as stack:

        def one(**options: Any) -> World:
            there = stack.enter_context(world(tmp_path / "world", index, **options))
            there.publish(SPRING)
            made.append(there)
            return there

        yield one
    for there in made:
        judge(there, contract)


@pytest.fixture
def there(make: Make) -> World:
    """The usual world, on a day on which 2.5.1 is the newest release."""
    return make()


def judge(there: World, contract: Contract | None) -> None:
    """Check what every test has to leave: a content forge, and no secret anywhere."""
    forge = there.forge
    assert forge.problems == []
    judged = [one for one in forge.exchanges if one.call.path != forge.graphql]
    if contract:
        found = [contract.problems(exchange, forge.prefix) for exchange in judged]
        assert [problem for problems in found for problem in problems] == []
    said = [repr(there.events), *(one.out + one.err for one in there.results)]
    assert leaks(there.root, forge.transcript(), there.server.record(), *said) == []
