"""What tests do with an API server: apply the CRDs of a release, read what it stores."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from fluxbump.flux.stored_versions import Crd, Release, Stored
from tests.e2e import kubeconfig

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_OURS = "fluxbump.test=e2e"
"""The label of every CRD that tests make."""

_UNPROCESSABLE = 422
_TOO_EARLY = 429  # the server takes up a CRD that has changed
_PATIENCE = 100
_STOPS = 60  # seconds


class Server:
    """A Kubernetes API server.

    Attributes:
        version: as it says itself, `v1.33.2`.
        config: the text of a kubeconfig of an administrator.
    """

    def __init__(self, client: httpx.Client, config: str) -> None:
        self._client = client
        self.config = config
        self.version: str = self.ask("GET", "/version")["gitVersion"]

    def apply(self, release: Release) -> dict[str, str]:
        """Apply the CRDs of a release; return what was refused, with the server's message."""
        refused = {}
        for name, crd in release.items():
            answer = self._client.patch(
                f"{_CRDS}/{name}",
                params={"fieldManager": "fluxbump", "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                json=_definition(crd),
            )
            if answer.status_code == _UNPROCESSABLE:
                refused[name] = answer.json()["message"]
            else:
                answer.raise_for_status()
        return refused

    def prune(self, stored: Stored) -> None:
        """Set `status.storedVersions`, the last thing that `flux migrate` does."""
        for name, versions in stored.items():
            self.ask(
                "PATCH",
                f"{_CRDS}/{name}/status",
                headers={"Content-Type": "application/merge-patch+json"},
                json={"status": {"storedVersions": list(versions)}},
            )

    def stored(self) -> dict[str, tuple[str, ...]]:
        """Return `status.storedVersions` of every CRD that tests made."""
        return {
            item["metadata"]["name"]: tuple(item["status"]["storedVersions"])
            for item in self._ours()["items"]
        }

    def flux(self) -> list[str]:
        """Return the names of all CRDs of Flux, whoever made them."""
        names = [item["metadata"]["name"] for item in json.loads(self.definitions())["items"]]
        return sorted(name for name in names if name.endswith(".fluxcd.io"))

    def definitions(self) -> str:
        """Return all CRDs as the server lists them."""
        return self._client.get(_CRDS).raise_for_status().text

    def clear(self) -> None:
        """Delete the CRDs that tests made, and wait until they are gone."""
        self.ask("DELETE", _CRDS, params={"labelSelector": _OURS})
        found = self._ours()
        left = {item["metadata"]["name"] for item in found["items"]}
        if not left:
            return
        since = {"watch": "true", "resourceVersion": found["metadata"]["resourceVersion"]}
        with self._client.stream(
            "GET", _CRDS, params={**since, "labelSelector": _OURS, "timeoutSeconds": "60"}
        ) as events:
            for event in map(json.loads, events.iter_lines()):
                if event["type"] == "DELETED":
                    left.discard(event["object"]["metadata"]["name"])
                if not left:
                    return
        raise AssertionError(f"still there: {', '.join(sorted(left))}")

    def _ours(self) -> Any:
        return self.ask("GET", _CRDS, params={"labelSelector": _OURS})

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Return the JSON that the server answers with.

        Raises:
            httpx.HTTPStatusError: it refuses.
        """
        return self.answer(method, path, **more).raise_for_status().json()

    def answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Return what the server answers, once it has taken up the CRDs that have changed."""
        for _ in range(_PATIENCE):
            answer = self._client.request(method, path, **more)
            if answer.status_code != _TOO_EARLY:
                break
            time.sleep(0.1)
        return answer


def _definition(crd: Crd) -> dict[str, Any]:
    """Return a CRD with the versions of `crd`, and schemas that allow anything."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    key, _, value = _OURS.partition("=")
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": crd.name, "labels": {key: value}},
        "spec": {
            "group": crd.group,
            "scope": "Namespaced",
            "names": {
                "plural": crd.name.partition(".")[0],
                "singular": crd.kind.lower(),
                "kind": crd.kind,
                "listKind": f"{crd.kind}List",
            },
            "versions": [
                {
                    "name": one.name,
                    "served": one.served,
                    "storage": one.storage,
                    "deprecated": one.deprecated,
                    "schema": {"openAPIV3Schema": anything},
                    "subresources": {"status": {}},
                }
                for one in crd.versions
            ],
        },
    }


@contextmanager
def started(program: Path, log: Path) -> Iterator[Server]:
    """Start a server of our own; it ends with this process, whatever becomes of that."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            config = process.stdout.readline()
            assert config, log.read_text("utf-8", "replace")[-2000:]
            with kubeconfig.client(config) as client:
                yield Server(client, config)
        finally:
            process.stdin.close()
            try:
                process.wait(_STOPS)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def given(config: Path) -> Iterator[Server]:
    """Use a server that is there, if it has no Flux; leave nothing behind.

    Raises:
        ValueError: it has CRDs of Flux, or the kubeconfig is of no use.
    """
    text = config.read_text("utf-8")
    with kubeconfig.client(text, config.parent) as client:
        server = Server(client, text)
        if server.flux():
            raise ValueError(f"this cluster has Flux: {', '.join(server.flux())}")
        try:
            yield server
        finally:
            server.clear()
