"""Reads the facts about clusters from options or from kubectl, and the accepted risks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxbump.check import rules
from fluxbump.check.gather import Known
from fluxbump.cli.options import ClusterOptions
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.errors import UsageError
from fluxbump.text import versions

if TYPE_CHECKING:
    from pathlib import Path

    from fluxbump.check.cluster import ClusterState


def known(options: ClusterOptions) -> Known:
    """Return the facts about clusters, which override those of the repository.

    Raises:
        UsageError: the version or the file is invalid, or two clusters are named.
        ToolError: the cluster gives no answer.
    """
    version, state, live = options.kubernetes, options.cluster_state, options.cluster
    if state is not None and (live or options.context):
        raise UsageError("--cluster-state excludes --cluster and --context")
    if version is not None and versions.minor(version) is None:
        raise UsageError(f"{version!r} is not a Kubernetes version", hint="type one such as 1.33")
    found = _asked(state, options) if state is not None or live or options.context else None
    pin = KubernetesPin(version, None, "--kubernetes") if version else None
    if pin is None and found is not None and found.kubernetes:
        pin = KubernetesPin(found.kubernetes, None, found.source)
    if found is None:
        return Known(pin)
    return Known(pin, found.stored, found.written or {})


def _asked(state: Path | None, options: ClusterOptions) -> ClusterState:
    from fluxbump.check import cluster

    return cluster.live(options.context) if state is None else cluster.from_file(state)


def accepted(options: ClusterOptions) -> frozenset[str]:
    """Return the codes that `--accept-risk` names: codes or their beginnings, with commas.

    Raises:
        UsageError: no rule that refuses a bump has a code like that.
    """
    named = [code.strip() for code in options.accept_risk.split(",") if code.strip()]
    refusing = [code for code, rule in rules.RULES.items() if rule.broken]
    for name in named:
        if not any(code.startswith(name) for code in refusing):
            raise UsageError(
                f"--accept-risk {name}: no rule with that code refuses a bump",
                hint=f"those that do: {', '.join(refusing)}",
            )
    return frozenset(code for code in refusing if named and code.startswith(tuple(named)))
