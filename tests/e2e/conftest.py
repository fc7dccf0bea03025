"""The API server that the tests in this directory share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import build, server
from tests.e2e.server import Server


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server."""
    config = os.environ.get(build.GIVEN)
    if config and "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip(f"{build.GIVEN} is for one process: run `make e2e`")
    if config:
        try:
            with server.given(Path(config)) as found:
                yield found
        except ValueError as error:
            pytest.fail(f"{build.GIVEN}: {error}", pytrace=False)
        return
    with server.started(build.need(), tmp_path_factory.mktemp("server") / "log") as found:
        yield found


@pytest.fixture
def api(running: Server) -> Server:
    """The server, without any CRD of Flux."""
    running.clear()
    return running
