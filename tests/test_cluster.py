from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fluxbump.check import cluster, kubectl
from fluxbump.errors import ToolError, UsageError


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
        (crd_list("PodList"), "it holds a Pod"),
        (crd_list("CustomResourceDefinitionList", kind="Pod"), "it holds a Pod"),
    ],
)
def test_a_list_of_something_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        cluster.parse(text, "x")


def an_object(*api_versions: str) -> dict[str, Any]:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmRepository",
        "metadata": {"name": "x", "managedFields": [{"apiVersion": one} for one in api_versions]},
    }


def test_the_versions_that_objects_were_written_at_are_read(tmp_path: Path) -> None:
    content = json.loads(crd_list("List", kind="CustomResourceDefinition"))
    content["items"] += [
        an_object("source.toolkit.fluxcd.io/v1beta2", "source.toolkit.fluxcd.io/v1"),
        an_object("v1", "apps/v1"),
    ]
    file = tmp_path / "state.json"
    file.write_text(json.dumps(content))
    state = cluster.from_file(file)
    assert state.stored == {"buckets.source.toolkit.fluxcd.io": ("v1",)}
    found = {("source.toolkit.fluxcd.io", "HelmRepository"): frozenset({"v1", "v1beta2"})}
    assert state.written == found


def test_without_objects_nothing_is_known_of_them(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(crd_list("CustomResourceDefinitionList"))
    assert cluster.from_file(file).written is None


KUBECTL = """#!/bin/sh
case "$*" in
  "get crds -o json") printf '%s' "$CRDS" ;;
  "version -o json") echo '{"serverVersion": {"gitVersion": "v1.33.2"}}' ;;
  "get buckets.source.toolkit.fluxcd.io -A -o jsonpath="*managedFields*)
    echo "Bucket source.toolkit.fluxcd.io/v1beta2,source.toolkit.fluxcd.io/v1,"
    echo "Bucket source.toolkit.fluxcd.io/v1,apps/v1," ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""


def test_a_live_cluster_is_asked_for_managed_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CRDS", crd_list("List", kind="CustomResourceDefinition"))
    state = cluster.live(None)
    assert state.kubernetes == "v1.33.2"
    found = {("source.toolkit.fluxcd.io", "Bucket"): frozenset({"v1", "v1beta2"})}
    assert state.written == found


def stand_in(place: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = place / "kubectl"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")


def test_kubectl_may_not_print_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "exec yes", monkeypatch)
    with pytest.raises(ToolError, match="printed more than 1 MiB"):
        kubectl.ask("get", limit=1 << 20)


def test_kubectl_has_to_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "exec sleep 100000", monkeypatch)
    monkeypatch.setattr(kubectl, "_TIMEOUT", 0.2)
    with pytest.raises(ToolError, match="gave no answer"):
        kubectl.ask("get")


def test_what_kubectl_says_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "printf 'a\\nb\\n' >&2; exit 3", monkeypatch)
    with pytest.raises(ToolError, match="kubectl: a b "):
        kubectl.ask("get")


LOGGED = (
    'E1128 08:43:24.555584    4058 memcache.go:265] "Unhandled Error" err="no API group list"\\n'
)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (LOGGED * 5 + "The connection was refused - did you specify the right host?\\n",
         "kubectl: The connection was refused - did you specify the right host?"),
        (LOGGED * 2, 'kubectl: "Unhandled Error" err="no API group list"'),
    ],
)  # fmt: skip
def test_what_kubectl_logs_is_left_out(
    printed: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, f"printf '{printed}' >&2; exit 1", monkeypatch)
    with pytest.raises(ToolError) as caught:
        kubectl.ask("get")
    assert caught.value.message == said


def test_without_kubectl_a_file_is_an_alternative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as error:
        kubectl.ask("get")
    assert error.value.hint == "use --cluster-state FILE instead"
