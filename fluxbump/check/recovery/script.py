"""Writes the commands of a recovery as one shell script. Pure.

The commands are in `scripts/`, one file for each recovery, and the runbook shows the same files.
What differs between clusters is in variables at the top of the script. Their values come from
outside, so they are quoted for the shell, and kept on one line in a comment.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from importlib.resources import files

from fluxbump.check.recovery.diagnosis import Diagnosis, State
from fluxbump.check.recovery.object_names import CONTROLLERS, Names
from fluxbump.text.printable import printable

_SAVED = "flux-objects-$(date -u +%Y%m%dT%H%M%SZ)"
_WIDTH = 30
_MEANWHILE = (
    "Until the last command has run, these must not run: flux bootstrap, flux install, cloud-init",
    "or Terraform that apply install.yaml, a job that runs helm on the release, kubectl delete on",
    "anything of Flux.",
)


def commands(name: str) -> str:
    """Return the text of a file in `scripts/`: `alive`, `functions`, `after`, and so on."""
    return (files(__package__) / "scripts" / f"{name}.sh").read_text(encoding="utf-8").strip()


def variables(names: Names) -> str:
    """Return the assignments of the variables that the commands use."""
    rows = (
        ("NAMESPACE", names.namespace, "of the HelmRelease that owns Flux"),
        ("HELMRELEASE", names.helm_release, "its metadata.name"),
        ("RELEASE", names.release, "the Helm release: its spec.releaseName"),
        ("STORAGE", names.storage, "its spec.storageNamespace, else NAMESPACE"),
        ("CONTROLLERS", CONTROLLERS, "where the controllers run"),
        ("CHART", names.chart, "the chart version of the repaired repository"),
        ("INSTALL", names.install, ""),
        ("BOOTSTRAP", names.bootstrap, _BOOTSTRAP),
    )
    lines = ["set -eu"]
    for name, value, comment in rows:
        line = f"{name}={shlex.quote(value)}"
        lines.append(f"{line.ljust(_WIDTH)} # {comment}" if comment else line)
    return "\n".join([*lines, f"SAVED={_SAVED}  # a directory that does not exist"])


_BOOTSTRAP = "a file: the GitRepository and Kustomization that start it all"


def recoveries(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return the names of the recoveries that a diagnosis needs, in the order to run them."""
    found = (diagnosis.state, diagnosis.then)
    return tuple(
        state.value for state in found if state in (State.ALIVE, State.TERMINATING, State.GONE)
    )


def script(diagnosis: Diagnosis, names: Names, source: str, remarks: Iterable[str] = ()) -> str:
    """Return the commands for a cluster, to be reviewed and then run.

    Args:
        diagnosis: the state of Flux in the cluster.
        names: the names in the commands.
        source: the file or cluster that was read, for people.
        remarks: what the reader has to do or know, one line for each.
    """
    head = [
        f"Recovery of Flux in {source}: {diagnosis.state}.",
        f"Because: {diagnosis.why}.",
        "",
        "fluxbump has run none of this. Read it, then run it with sh. It stops at the first",
        "command that fails, and says why. Then ask for the state again.",
        "",
        *_MEANWHILE,
        *(("", *remarks) if remarks else ()),
    ]
    comments = "\n".join(f"# {printable(line)}".rstrip() for line in head)
    parts = [f"#!/bin/sh\n{comments}", variables(names)]
    if names.context is not None:
        quoted = shlex.quote(names.context)
        parts.append(f'kubectl() {{\n  command kubectl --context {quoted} "$@"\n}}')
    parts += [commands(name) for name in ("functions", *recoveries(diagnosis), "after")]
    return "\n\n".join(parts) + "\n"
