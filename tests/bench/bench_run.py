"""`make bench`: the scheduled job, against a remote and a forge on the loopback interface.

Both are of the tests and in this process, so a part of each figure is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import generate, states
from tests import helpers
from tests.bench.conftest import Measure
from tests.run.world import CONFIG, World, world

_FLEET = 200


@pytest.fixture(scope="module")
def charts(work: Path) -> Path:
    return generate.index(work / "all-charts", only=["2.14.1", "2.15.0"])


@pytest.fixture(scope="module")
def there(work: Path, charts: Path) -> Iterator[World]:
    with world(work / "world", charts) as made:
        yield made


def _measure(there: World, measured: Measure, name: str) -> None:
    measured(name, there.arguments(), there.root, env=there.environ)


def bench_nothing_newer(there: World, measured: Measure) -> None:
    there.publish("2024-11-01")
    _measure(there, measured, "run, nothing newer")


def bench_unchanged(there: World, measured: Measure) -> None:
    there.publish("2025-03-01")
    assert there.command().code == 0
    assert len(there.open()) == 1
    _measure(there, measured, "run, pull request unchanged")


def bench_fleet(there: World, measured: Measure) -> None:
    """Repositories of a fleet in which nothing is to be done; the first round clones them."""
    there.publish("2024-11-01")
    files: dict[str, str | bytes] = {**states.files("aligned"), "fluxbump.yaml": CONFIG}
    names = [f"acme/monorepo-{number}.git" for number in range(_FLEET)]
    for name in names:
        there.server.create(name, files)
    urls = "".join(f"  - {there.server.url(name)}\n" for name in names)
    fleet = there.root / "fleet.yaml"
    fleet.write_text(f"repositories:\n{urls}", encoding="utf-8")
    command = [str(helpers.SCRIPT), "fleet", str(fleet), "--index", str(there.index)]
    name = f"fleet of {_FLEET}, nothing newer"
    measured(name, command, there.root, rounds=1, env=there.environ)
