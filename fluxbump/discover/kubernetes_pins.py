"""Finds the versions of Kubernetes that a repository pins. Pure.

Each Flux release needs a minimum version of Kubernetes. Each tool that creates clusters has its own
place for that version, and this module knows the places that are the same in many repositories.
Only live code and full versions count: a channel, a range or a variable pins nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from fluxbump.git.text_reader import TextReader
from fluxbump.model import Location
from fluxbump.text import yaml
from fluxbump.text.live_code import Language, TextFile
from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax import hcl
from fluxbump.text.versions import minor

_VERSION = r"(?P<version>v?1\.[0-9]{1,3}(?:\.[0-9]{1,3})?(?:(?:[-+]|%2B)[0-9A-Za-z.+-]+)?)(?![\w.])"

_SUBJECTS = ("k3s", "rke2", "kubernetes", "k8s", "kube", "eks", "gke", "aks", "cluster")
_NAME = rf"(?:[a-z0-9_]+_)?(?:{'|'.join(_SUBJECTS)})_version"
_VARIABLE = lazy_pattern(_NAME, re.IGNORECASE)


class _Written(Struct, frozen=True):
    """One way to write the version of Kubernetes.

    Attributes:
        words: fixed texts, one of which is in each text that the pattern matches. They are faster
            to search for.
        pattern: matches the version, with the groups `source` and `version`.
    """

    words: tuple[str, ...]
    pattern: re.Pattern[str]


_WAYS = (
    # Shell, environment, values, Terraform arguments: `name = "1.31"`, `NAME=v1.31.4`, `name: 1.31`
    # and the shell's defaults, `${NAME:-v1.31.4}`. A key behind a slash is an annotation, such as
    # `kyverno.io/kubernetes-version`: the Kubernetes that a policy was tried on.
    _Written(
        (
            *(f"{subject}_version" for subject in _SUBJECTS),
            *(f"{subject.upper()}_VERSION" for subject in _SUBJECTS),
            *("INSTALL_K3S_CHANNEL", "min_master_version", "orchestrator_version"),
            *("ubernetesVersion", "k3sVersion", "rke2Version"),
            *("ubernetes-version", "ubernetes version", "k3s-version", "rke2-version"),
        ),
        lazy_pattern(
            rf"(?<![\w.$/-])(?P<source>{_NAME}|install_k3s_channel|min_master_version|"
            r"orchestrator_version|(?:kubernetes|k3s|rke2)[- ]?version)[\"']?[ \t]*(?::?[=-]|:)"
            rf"[ \t]*[\"']?{_VERSION}",
            re.IGNORECASE,
        ),
    ),
    _Written(
        ("--kubernetes-version", "--cluster-version", "--k8s-version"),
        lazy_pattern(rf"(?P<source>--(?:kubernetes|cluster|k8s)-version)[= \t]+[\"']?{_VERSION}"),
    ),
    _Written(
        ("k3s-io/k3s/", "rancher/rke2/"),
        lazy_pattern(
            r"(?P<source>k3s-io/k3s|rancher/rke2)(?:/releases/download)?/"
            rf"{_VERSION}(?=/)",
        ),
    ),
    _Written(
        ("rancher/k3s:", "rancher/rke2-runtime:", "siderolabs/kubelet:", "kindest/node:"),
        lazy_pattern(
            rf"(?P<source>rancher/(?:k3s|rke2-runtime)|siderolabs/kubelet|kindest/node):{_VERSION}"
        ),
    ),
    # Talos: https://www.talos.dev/latest/kubernetes-guides/upgrading-kubernetes/
    _Written(
        ("upgrade-k8s",),
        lazy_pattern(rf"(?P<source>upgrade-k8s)[^\n]{{0,200}}?[ \t]--to[= \t]+[\"']?{_VERSION}"),
    ),
)

_ASSIGNED = lazy_pattern(r"\A[A-Za-z0-9_]+=")

_TERRAFORM = (
    "aws_eks_cluster",
    "digitalocean_kubernetes_cluster",
    "exoscale_sks_cluster",
    "ovh_cloud_project_kube",
    "scaleway_k8s_cluster",
    "vultr_kubernetes",
)
"""Terraform resources whose `version` is that of Kubernetes."""

_OBJECTS = {
    "ClusterConfig": ("metadata", "version"),  # eksctl
    "KubeadmControlPlane": ("spec", "version"),
    "KThreesControlPlane": ("spec", "version"),
    "RKE2ControlPlane": ("spec", "version"),
    "TalosControlPlane": ("spec", "version"),
}
"""Kinds of objects that create clusters, with the field that holds the version."""

_VERSION_KEY = lazy_pattern("version:")

_REFERENCE_DOCS = lazy_pattern(
    r"^render:[ \t]*\r?\n(?:[ \t#][^\n]*\n|\r?\n)*?[ ]+kubernetesVersion:", re.M
)
"""Matches the configuration of crd-ref-docs, whose version is that of linked documentation."""

_WORDS = (*(word for way in _WAYS for word in way.words), *_TERRAFORM, *_OBJECTS)
"""Fixed texts, one of which is in each file that pins Kubernetes."""

NEEDLES = (
    *("_version", "_VERSION", "s-version", "cluster-version", "sVersion", "rke2Version"),
    *("s version", "2-version", "kindest/node", "upgrade-k8s"),
    *("K3S_CHANNEL", "/k3s", "rancher/rke2", "siderolabs/kubelet"),
    *("s_cluster", "ovh_cloud_project_kube", "vultr_kubernetes", "ControlPlane", "ClusterConfig"),
)
"""Parts of `_WORDS` for the search of the tree, which is faster for a few texts."""


_TRIALS = frozenset(
    (
        *("test", "tests", "testdata", "testing", "e2e", "fixture", "fixtures"),
        *("example", "examples", "sample", "samples", "molecule"),
    )
)


class KubernetesPin(Struct, frozen=True):
    """A version of Kubernetes that the clusters run.

    Attributes:
        version: the version as written, such as `v1.31.4+k3s1`.
        location: the place of the version; None if it does not come from the repository.
        source: what holds it, for people, such as `Terraform variable k3s_version`.
    """

    version: str
    location: Location | None
    source: str

    @property
    def tried(self) -> bool:
        """Whether the pin is in a folder of tests or examples, from which no cluster is created."""
        folders = self.location.path.lower().split("/")[:-1] if self.location else []
        return not _TRIALS.isdisjoint(folders)

    @property
    def minor(self) -> tuple[int, int] | None:
        """Major and minor version, such as `(1, 31)`; None if the text does not begin with them."""
        return minor(self.version)


def find(reader: TextReader, exclude: Callable[[str], bool]) -> tuple[KubernetesPin, ...]:
    """Return the places in live code that pin Kubernetes, ordered by path and place.

    Args:
        reader: reads the files of the snapshot.
        exclude: returns whether a path is excluded from the search.
    """
    wanted = [path for path in reader.snapshot.grep(NEEDLES) if not exclude(path)]
    found: dict[Location, KubernetesPin] = {}
    for path, text in reader.texts(wanted):
        if any(word in text for word in _WORDS):
            for pin, where in _pins(TextFile(path, text)):
                found.setdefault(where, pin)
    return tuple(found[where] for where in sorted(found))


_Placed = Iterator[tuple[KubernetesPin, Location]]


def _pins(file: TextFile) -> _Placed:
    if file.language in (Language.DOCUMENT, Language.APPLICATION):
        return
    if "processor:" in file.text and _REFERENCE_DOCS.search(file.text):
        return
    if file.language is Language.HCL:
        yield from _terraform(file)
    yield from _manifests(file)
    for way in _WAYS:
        if not any(word in file.text for word in way.words):
            continue
        matches = list(way.pattern.finditer(file.text))
        chosen = _chosen(matches)
        for match in matches:
            if file.is_live(match.start("version")) and match["source"] not in chosen:
                where = file.location(match.start("version"))
                version = match["version"].replace("%2B", "+")
                yield KubernetesPin(version, where, match["source"]), where


def _chosen(matches: Iterable[re.Match[str]]) -> set[str]:
    """Return the names of shell variables that are set to several values, so none is certain."""
    values: dict[str, set[str]] = {}
    for match in matches:
        if _ASSIGNED.search(match[0]):
            values.setdefault(match["source"], set()).add(match["version"])
    return {name for name, versions in values.items() if len(versions) > 1}


def _terraform(file: TextFile) -> _Placed:
    variables = (("variable", block) for block in hcl.blocks(file.text, "variable"))
    clusters = (
        (name, block)
        for name in _TERRAFORM
        if name in file.text
        for block in hcl.blocks(file.text, "resource", name)
    )
    for name, block in (*variables, *clusters):
        variable = name == "variable"
        if variable and not _VARIABLE.fullmatch(block.labels[-1]):
            continue
        held = block.attribute("default" if variable else "version")
        if held and held.value and re.fullmatch(_VERSION, held.value):
            where = file.location(held.start)
            source = f"Terraform {name} {block.labels[-1]}"
            yield KubernetesPin(held.value, where, source), where


def _manifests(file: TextFile) -> _Placed:
    for document, node in file.objects(_OBJECTS.keys(), _VERSION_KEY.search):
        kind = yaml.text_of(node, "kind") or ""
        scalar = document.scalar(yaml.get(node, *_OBJECTS[kind]))
        if scalar and re.fullmatch(_VERSION, scalar.value):
            yield KubernetesPin(scalar.value, scalar.location, kind), scalar.location
