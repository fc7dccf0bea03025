"""The JSON document of `fluxbump recover`. Pure."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from fluxbump.check.recovery.advice import Advice
from fluxbump.check.recovery.object_names import Names
from fluxbump.check.recovery.script import recoveries
from fluxbump.reports.json_encoder import dump


class RecoveryNamesJson(TypedDict):
    """What the commands name; `chart` is null when the repository is not repaired."""

    namespace: str
    helm_release: str
    release: str
    storage_namespace: str
    chart: str | None
    install: str
    bootstrap: str | None


class RecoverJson(TypedDict):
    """What `fluxbump recover --output json` prints."""

    schema: Literal["fluxbump/recover/v1"]
    source: str
    state: Literal["healthy", "alive", "terminating", "gone", "unknown"]
    why: str
    recoveries: list[Literal["alive", "terminating", "gone"]]
    flux_release: str | None
    names: RecoveryNamesJson | None
    remarks: list[str]
    script: str | None


def json_text(advice: Advice, source: str) -> str:
    """Return the state of a cluster and the commands to run there, as a JSON document.

    `source` names what the state was read from.
    """
    diagnosis = advice.diagnosis
    return dump(
        {
            "schema": "fluxbump/recover/v1",
            "source": source,
            "state": diagnosis.state.value,
            "why": diagnosis.why,
            "recoveries": list(recoveries(diagnosis)),
            "flux_release": advice.release,
            "names": _names(advice.names) if advice.names else None,
            "remarks": list(advice.remarks),
            "script": advice.script or None,
        }
    )


def _names(names: Names) -> RecoveryNamesJson:
    return {
        "namespace": names.namespace,
        "helm_release": names.helm_release,
        "release": names.release,
        "storage_namespace": names.storage,
        "chart": names.chart or None,
        "install": names.install,
        "bootstrap": names.bootstrap or None,
    }
