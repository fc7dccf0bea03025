"""What the tests of registries share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from fluxbump.helm.chart_releases import IndexSource
from fluxbump.helm.index.source import open_source
from fluxbump.helm.registry.charts import RegistryCharts
from fluxbump.helm.registry.client import Registry
from fluxbump.system.http.fetch import Web
from tests.registry.front import Front
from tests.registry.running import Running, running
from tests.sleeper import Sleeper

Connect = Callable[..., Registry]
"""Opens a client: `connect(offline=…, environ=…)`."""

Source = Callable[..., IndexSource]
"""Opens an index source: `source(spec, offline=…, environ=…)`."""


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Running]:
    """A registry that lets anybody in."""
    with running(tmp_path / "registry") as found:
        yield found


@pytest.fixture
def front(registry: Running) -> Iterator[Front]:
    """What stands in front of it."""
    with Front(registry.host) as found:
        yield found


@pytest.fixture
def connect(tmp_path: Path, sleeper: Sleeper) -> Iterator[Connect]:
    """Open clients that share a cache; time passes when they wait, and not otherwise."""
    with ExitStack() as stack:

        def opened(*, offline: bool = False, environ: Mapping[str, str] | None = None) -> Registry:
            web = Web(
                cache_dir=tmp_path / "cache", offline=offline, clock=sleeper.clock, sleep=sleeper
            )
            return Registry(stack.enter_context(web), environ or {})

        yield opened


@pytest.fixture
def source(connect: Connect) -> Source:
    def opened(
        spec: str, *, offline: bool = False, environ: Mapping[str, str] | None = None
    ) -> IndexSource:
        client = connect(offline=offline, environ=environ)
        return open_source(spec, web=pytest.fail, charts=lambda: RegistryCharts(client))

    return opened
