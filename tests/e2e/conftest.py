"""The API servers of the tests in this directory: one is shared, and who asks has one alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fixtures import installed
from tests.e2e import build, gitops, link, server
from tests.e2e.cluster import Cluster
from tests.e2e.server import Server


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that tests share."""
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


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of chart archives: the wrapper in its versions, and the app."""
    found = tmp_path_factory.mktemp("archives")
    for version, flux2 in gitops.FLUX2.items():
        archive = installed.wrapper(version, flux2)
        (found / f"{installed.WRAPPER}-{version}.tgz").write_bytes(archive)
    (found / "shop-1.0.0.tgz").write_bytes(gitops.app_chart())
    return found


@pytest.fixture
def cluster(tmp_path: Path, archives: Path) -> Iterator[Cluster]:
    """A cluster of its own: a fresh API server with RBAC, and no controllers."""
    if os.environ.get(build.GIVEN):
        pytest.skip(f"needs a cluster that nobody else uses, not that of {build.GIVEN}")
    for archive in archives.iterdir():
        (tmp_path / archive.name).symlink_to(archive)
    with server.started(build.need(), tmp_path / "log") as found:
        place = urlsplit(json.loads(found.config)["clusters"][0]["cluster"]["server"])
        assert place.hostname
        assert place.port
        with link.slow(place.hostname, place.port) as far:
            yield Cluster(found, tmp_path, far)
