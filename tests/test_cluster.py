from __future__ import annotations

import json
from typing import Any

import pytest

from fluxbump import cluster
from fluxbump.errors import UsageError


def crd_list(of: str, **item: Any) -> str:
    metadata = {"name": "buckets.source.toolkit.fluxcd.io"}
    stored = {"metadata": metadata, "status": {"storedVersions": ["v1"]}}
    return json.dumps({"kind": of, "items": [{**stored, **item}]})


def test_a_list_as_the_server_sends_it_is_read() -> None:
    """Its items do not name their kind."""
    text = crd_list("CustomResourceDefinitionList")
    assert cluster.parse(text, "x") == {"buckets.source.toolkit.fluxcd.io": ("v1",)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (crd_list("List"), "it holds a None"),
        (crd_list("PodList"), "it holds a None"),
        (crd_list("CustomResourceDefinitionList", kind="Pod"), "it holds a Pod"),
    ],
)
def test_a_list_of_something_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        cluster.parse(text, "x")
