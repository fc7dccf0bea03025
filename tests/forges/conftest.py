from __future__ import annotations

import pytest

from tests import contracts
from tests.forges.cases import BRANCH
from tests.forges.contract import Contract


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def github_contract() -> Contract | None:
    """GitHub's description; None without it, which a test of its own says."""
    path = contracts.find(contracts.GITHUB)
    return Contract(path) if path else None


@pytest.fixture
def tips() -> dict[str, str]:
    """The branches of the repository and their commits."""
    return {"main": "a" * 40, "release": "b" * 40, BRANCH: "c" * 40}
