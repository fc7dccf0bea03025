from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures import states
from fluxbump.cli.app import run
from tests.helpers import Result
from tests.lifecycle import gitea_server
from tests.lifecycle.authority import Authority
from tests.lifecycle.fake_site import FakeSite
from tests.lifecycle.site import Files, Site
from tests.lifecycle.world import CONFIG, Call, Runner, World
from tests.run.world import SPRING
from tests.secrets import leaks

Make = Callable[..., World]
REAL = os.environ.get("FLUXBUMP_TEST_FORGE") == "gitea"
"""The scenarios run on a real Gitea."""


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real Gitea, one for each process of a test run."""
    with gitea_server.running(tmp_path_factory.mktemp("gitea") / "work") as server:
        yield server


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """The forge of the scenarios: the fake, or the real one if the environment says so."""
    if REAL:
        real: Site = request.getfixturevalue("gitea")
        yield real
        return
    with FakeSite(tmp_path / "forge") as fake:
        yield fake
        assert fake.problems() == []


@pytest.fixture
def safe_site(tmp_path: Path) -> Iterator[Site]:
    """A forge that speaks HTTPS, for which a private authority vouches."""
    authority = Authority.make(tmp_path)
    if REAL:
        with gitea_server.running(tmp_path / "work", authority) as real:
            yield real
        return
    with FakeSite(tmp_path / "forge", authority) as fake:
        yield fake
        assert fake.problems() == []


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    """How fluxbump is run: in this process, since to start one takes longer than a run.

    Runs at the same time are the installed command.
    """

    def in_process(call: Call) -> Result:
        with monkeypatch.context() as patch:
            for name in set(os.environ) - call.environ.keys():
                patch.delenv(name)
            for name, value in call.environ.items():
                patch.setenv(name, value)
            patch.chdir(call.cwd)
            code = run(call.words)
        out, err = capfdbinary.readouterr()
        return Result(code, out, err.decode())

    return in_process


@pytest.fixture
def make(
    request: pytest.FixtureRequest, runner: Runner, tmp_path: Path, index: Path
) -> Iterator[Make]:
    """Make the world of a test; at its end the tokens are searched for."""
    made: list[World] = []

    def build(
        site: str = "site", *, config: str = CONFIG, files: Files | None = None, empty: bool = False
    ) -> World:
        root = tmp_path / "world" / "runs"
        (root / "home").mkdir(parents=True)
        monorepo = {**states.files("aligned"), "fluxbump.yaml": config, **(files or {})}
        forge: Site = request.getfixturevalue(site)
        place = forge.repository(None if empty else monorepo)
        there = World(root, index, forge, place, runner)
        there.publish(SPRING)
        made.append(there)
        return there

    yield build
    for there in made:
        said = [result.out + result.err for result in there.results]
        for token in there.place.tokens.values():
            assert leaks(there.root, *there.site.written(), *said, secret=token) == []


@pytest.fixture
def there(make: Make) -> World:
    """The usual world, on a day on which 2.5.1 is the newest release."""
    return make()
