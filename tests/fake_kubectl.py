#!/usr/bin/env python3
"""A cluster in a file, and as much of kubectl as the recoveries use; anything else is refused.

`FAKE_CLUSTER` names a JSON file: `crds` (name to deletionTimestamp), `objects` (each with `type`, a
CRD's name), `deployments`, `secrets`, `log`. As in a cluster, an object that was deleted goes with
its last finalizer, and a CRD that was deleted with its last object. What destroyed workloads in the
replay is refused: `install.yaml` while something waits to be deleted.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATE = Path(os.environ["FAKE_CLUSTER"])
CRDS = "customresourcedefinitions"
Cluster = dict[str, Any]


def main(words: list[str]) -> int:
    """Do what one command line says."""
    cluster: Cluster = json.loads(STATE.read_text("utf-8"))
    if words[:1] == ["--context"]:
        if words[1] != cluster.get("context"):
            return fail(f'error: context "{words[1]}" does not exist')
        words = words[2:]
    options = {"--namespace": "", "--output": "", "--field-manager": "", "--patch": ""}
    short = {"-n": "--namespace", "-o": "--output", "--selector": "-l"}
    values = {"--type", "--for", "--timeout", "--filename", "--replicas", "-l", *options}
    rest: list[str] = []
    while words:
        word = short.get(words[0], words[0])
        if word in values:
            options[word] = words[1]
            words = words[2:]
        else:
            rest.append(word)
            words = words[1:]
    cluster["log"].append(" ".join([*rest, *(options[k] for k in ("--patch",) if options[k])]))
    code = run(cluster, rest, options)
    collect(cluster)
    STATE.write_text(json.dumps(cluster), "utf-8")
    return code


def fail(message: str) -> int:
    """Refuse, as kubectl does."""
    sys.stderr.write(f"{message}\n")
    return 1


def collect(cluster: Cluster) -> None:
    """Remove what was deleted and waits for nothing any more."""
    cluster["objects"] = [o for o in cluster["objects"] if not o["deleted"] or o["finalizers"]]
    held = {o["type"] for o in cluster["objects"]}
    cluster["crds"] = {n: d for n, d in cluster["crds"].items() if not d or n in held}


def run(cluster: Cluster, words: list[str], options: Mapping[str, str]) -> int:
    """Carry out a command."""
    match words:
        case ["config", "current-context"]:
            sys.stdout.write(f"{cluster['context']}\n")
        case ["get", what, *names]:
            return get(cluster, what, names, options)
        case ["patch", kind, name]:
            return patch(cluster, (kind, options["--namespace"], name), options)
        case ["wait", *names]:
            return wait(cluster, names, options)
        case ["delete", "secrets"] if options["-l"].startswith("owner=helm,name="):
            release = options["-l"].removeprefix("owner=helm,name=")
            cluster["secrets"] = [s for s in cluster["secrets"] if s["release"] != release]
        case ["scale", "deployment", name]:
            cluster["deployments"][name] = int(options["--replicas"])
        case ["apply", "--server-side", "--force-conflicts"]:
            return apply(cluster, options["--filename"])
        case _:
            return fail(f"unexpected: {words} {options}")
    return 0


def waiting(cluster: Cluster) -> bool:
    """Whether something waits to be deleted."""
    return any(cluster["crds"].values()) or any(o["deleted"] for o in cluster["objects"])


def apply(cluster: Cluster, filename: str) -> int:
    """Apply install.yaml, or the objects of the bootstrap."""
    if waiting(cluster):
        return fail("the controllers would finish the deletion")
    if filename.endswith("/install.yaml"):
        cluster["crds"] |= dict.fromkeys(cluster["release"], None)
        cluster["deployments"] = dict.fromkeys(cluster["controllers"], 1)
    else:
        cluster["bootstrapped"] = Path(filename).read_text("utf-8")
    return 0


def find(cluster: Cluster, key: tuple[str, str, str]) -> dict[str, Any] | None:
    """Return an object by CRD, namespace and name."""
    return next(
        (o for o in cluster["objects"] if (o["type"], o["namespace"], o["name"]) == key), None
    )


def patch(cluster: Cluster, key: tuple[str, str, str], options: Mapping[str, str]) -> int:
    """Change finalizers, or suspend."""
    found = find(cluster, key)
    if found is None or options["--type"] != "merge":
        return fail(f"Error from server (NotFound): {key}")
    change = json.loads(options["--patch"])
    if change == {"metadata": {"finalizers": None}}:
        if any(cluster["deployments"].values()):
            return fail("a controller runs")
        found["finalizers"] = []
    elif options["--field-manager"] == "flux-client-side-apply":
        found["suspend"] = change["spec"]["suspend"]
    else:
        return fail("kustomize-controller takes this back")
    return 0


def wait(cluster: Cluster, names: list[str], options: Mapping[str, str]) -> int:
    """Tell whether a condition holds already; nothing changes meanwhile."""
    condition = options["--for"]
    if names == ["pods"] and condition == "delete":
        return 0
    if condition in ("delete", "condition=Established"):
        there = {f"{CRDS}/{name}" for name in cluster["crds"]} & set(names)
        return 0 if (len(there) == 0) == (condition == "delete") else fail("timed out")
    kind, _, name = names[0].partition("/")
    found = find(cluster, (kind, options["--namespace"], name))
    wanted = f"jsonpath={{.spec.chart.spec.version}}={found['chart']}" if found else None
    return 0 if condition == wanted else fail("timed out waiting for the chart")


def get(cluster: Cluster, what: str, names: list[str], options: Mapping[str, str]) -> int:
    """Print one of the lists that are asked for."""
    output, flags = options["--output"], {n for n in names if n.startswith("-")}
    names = [n for n in names if n not in flags]
    everywhere = bool(flags & {"-A", "--all-namespaces"})
    if what in ("crds", CRDS):
        return print_crds(cluster, output)
    if what == "deployments":
        items = [deployment(n, w) for n, w in cluster["deployments"].items()]
        sys.stdout.write(json.dumps({"kind": "List", "items": items}) if output == "json" else "")
        return 0
    if what == "deployment":
        there = names[0] in cluster["deployments"]
        sys.stdout.write(f"deployment.apps/{names[0]}\n" if there else "")
        return 0
    if what == "secrets" and everywhere and "--show-labels" in flags:
        for s in cluster["secrets"]:
            labels = f"name={s['release']},owner=helm,status={s['status']},version=1"
            name = f"sh.helm.release.v1.{s['release']}.v1"
            sys.stdout.write(
                f"{s['namespace']}   {name}   helm.sh/release.v1   1   5m   {labels}\n"
            )
        return 0
    kinds = what.split(",")
    if not set(kinds) <= cluster["crds"].keys():
        return fail(f'error: the server does not have a resource type "{what}"')
    found = [o for o in cluster["objects"] if o["type"] in kinds]
    if not everywhere:
        found = [o for o in found if o["namespace"] == options["--namespace"]]
    return print_objects([o for o in found if not names or o["name"] in names], names, output)


def print_crds(cluster: Cluster, output: str) -> int:
    """Print the CRDs as names, in columns, or as the product asks for them."""
    for name, deleted in {**cluster["crds"], "others.example.org": None}.items():
        if output == "name":
            sys.stdout.write(f"customresourcedefinition.apiextensions.k8s.io/{name}\n")
        elif output.startswith("custom-columns=KIND"):
            sys.stdout.write(f"CustomResourceDefinition  <none>  {name}  {deleted or '<none>'}\n")
        elif output.startswith("jsonpath={range .items[*]}{.metadata.name}|"):
            sys.stdout.write(f"{name}|{deleted or ''}|{cluster['stored'].get(name, 'v1')}\n")
        else:
            return fail(f"unexpected output of CRDs: {output}")
    return 0


def print_objects(found: list[dict[str, Any]], names: list[str], output: str) -> int:
    """Print objects in columns, as JSON, as YAML or by name."""
    if output == "json":
        (one,) = found
        sys.stdout.write(json.dumps({"kind": one["kind"], "spec": one["spec"]}))
    for o in found if output != "json" else ():
        rows = {
            "yaml": "- {}\n".format(o["name"]),
            "name": f"{o['type']}/{o['name']}\n",
            "wide": f"{o['name']}\n",
        }
        if re.match(r"custom-columns=KIND", output):
            row = f"{o['kind']}  {o['namespace']}  {o['name']}  {o['deleted'] or '<none>'}\n"
        elif output.startswith("custom-columns=IN"):
            row = f"{o['namespace']}  {o['name']}\n"
        elif output.startswith("jsonpath={range .items[*]}{.kind} "):
            row = f"{o['kind']} {o['namespace']} {o['name']} {o['deleted'] or ''}\n"
        elif output in rows:
            row = rows[output]
        else:
            return fail(f"unexpected output of objects: {output} {names}")
        sys.stdout.write(row)
    return 0


def deployment(name: str, replicas: int) -> dict[str, Any]:
    """Return a Deployment all of whose replicas are available."""
    metadata = {"namespace": "flux-system", "name": name}
    status = {"availableReplicas": replicas} if replicas else {}
    return {
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": replicas},
        "status": status,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
