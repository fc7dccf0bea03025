from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import states
from fluxbump.check.evidence_parts import Baseline, Cluster
from fluxbump.check.gather import NOTHING_KNOWN, Known, surroundings
from fluxbump.check.rules.kubernetes_minimum import RULES
from fluxbump.check.rules.rule import Evidence, NotRun, Outcome
from fluxbump.discover import kubernetes_pins
from fluxbump.discover.kubernetes_pins import KubernetesPin
from fluxbump.discover.scope import Scope
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.git.text_reader import TextReader
from fluxbump.model import Finding, Inventory, Location, Severity
from tests import linear
from tests.helpers import Cli, chart_index, find, repository, script, small, snapshot, wrapper

[FB207] = RULES
PLACE = Location("infra/hetzner/variables.tf", 17, 18)


def pins(text: str | bytes, path: str) -> list[str]:
    """Find the pins of one file, as `line:column version source`."""
    found = kubernetes_pins.find(TextReader(snapshot({path: text})), lambda _: False)
    assert all(pin.location for pin in found)
    return [
        f"{pin.location.line}:{pin.location.column} {pin.version} {pin.source}"
        for pin in found
        if pin.location
    ]


def test_what_is_searched_for_is_in_every_word() -> None:
    needles, words = kubernetes_pins.NEEDLES, kubernetes_pins._WORDS  # the words have no other name
    assert [word for word in words if not any(needle in word for needle in needles)] == []
    assert [needle for needle in needles if not any(needle in word for word in words)] == []


PINNED = {
    "a Terraform variable": (
        "a.tf",
        'variable "k3s_version" {\n  # why\n  default = "v1.31.4+k3s1"\n}\n',
        ["3:14 v1.31.4+k3s1 Terraform variable k3s_version"],
    ),
    "a variable with a prefix": (
        "a.tf",
        'variable "prod_cluster_version" {\n  type = string\n  default = "1.30"\n}\n',
        ["3:14 1.30 Terraform variable prod_cluster_version"],
    ),
    "tfvars": ("prod.tfvars", 'kubernetes_version = "1.29"\n', ["1:23 1.29 kubernetes_version"]),
    "EKS": (
        "eks.tf",
        'resource "aws_eks_cluster" "main" {\n  name = "a"\n  version = "1.31"\n}\n',
        ["3:14 1.31 Terraform aws_eks_cluster main"],
    ),
    "an EKS module": (
        "eks.tf",
        'module "eks" {\n  source = "x"\n  version = "20.1.0"\n  cluster_version = "1.32"\n}\n',
        ["4:22 1.32 cluster_version"],
    ),
    "GKE": (
        "gke.tf",
        ('resource "google_container_cluster" "a" {\n'
            '  min_master_version = "1.30.5-gke.1014001"\n}\n'),
        ["2:25 1.30.5-gke.1014001 min_master_version"],
    ),
    "AKS": (
        "aks.tf",
        ('resource "azurerm_kubernetes_cluster" "a" {\n  kubernetes_version = "1.31.1"\n'
        '  default_node_pool {\n    orchestrator_version = "1.31.1"\n  }\n}\n'),
        ["2:25 1.31.1 kubernetes_version", "4:29 1.31.1 orchestrator_version"],
    ),
    "cloud-init": (
        "c.tftpl",
        "runcmd:\n  - 'curl -sfL https://get.k3s.io | INSTALL_K3S_VERSION=\"v1.31.4+k3s1\" sh -'\n",
        ["2:58 v1.31.4+k3s1 INSTALL_K3S_VERSION"],
    ),
    "a shell default": (
        "a.sh",
        "INSTALL_RKE2_VERSION=${RKE2_VERSION:-v1.30.2+rke2r1} sh\n",
        ["1:38 v1.30.2+rke2r1 RKE2_VERSION"],
    ),
    "a channel with a version": (
        "a.sh",
        "export INSTALL_K3S_CHANNEL=v1.31\n",
        ["1:28 v1.31 INSTALL_K3S_CHANNEL"],
    ),
    "a download": (
        "a.sh",
        "curl -LO https://github.com/k3s-io/k3s/releases/download/v1.31.4%2Bk3s1/k3s\n",
        ["1:58 v1.31.4+k3s1 k3s-io/k3s"],
    ),
    "kubeadm": (
        "kubeadm.yaml",
        ("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
        'kubernetesVersion: "v1.32.0"\n'),
        ["3:21 v1.32.0 kubernetesVersion"],
    ),
    "a flag": (
        "a.sh",
        ("talosctl gen config a b --kubernetes-version 1.33.1\nkubeadm init "
        "--kubernetes-version=v1.31.0\n"),
        ["1:46 1.33.1 --kubernetes-version", "2:35 v1.31.0 --kubernetes-version"],
    ),
    "Talos": (
        "talos.yaml",
        "machine:\n  kubelet:\n    image: registry.example.org/siderolabs/kubelet:v1.32.3\n",
        ["3:52 v1.32.3 siderolabs/kubelet"],
    ),
    "eksctl": (
        "eks.yaml",
        ('apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\n'
            'metadata: {name: a, version: "1.30"}\n'),
        ["3:31 1.30 ClusterConfig"],
    ),
    "a node of kind": (
        "kind.yaml",
        "kind: Cluster\nnodes:\n- role: control-plane\n  image: kindest/node:v1.31.2@sha256:ab\n",
        ["4:23 v1.31.2 kindest/node"],
    ),
    "a node of kind in Terraform": (
        "kind.tf",
        'resource "kind_cluster" "a" {\n  node_image = "kindest/node:v1.31.2"\n}\n',
        ["2:30 v1.31.2 kindest/node"],
    ),
    "minikube in an action": (
        ".github/workflows/e2e.yaml",
        "- uses: a/setup-minikube@v1\n  with:\n    kubernetes version: 'v1.31.0'\n",
        ["3:26 v1.31.0 kubernetes version"],
    ),
    "a key with a hyphen": (
        "ci.yaml",
        "with:\n  kubernetes-version: v1.30.1\n",
        ["2:23 v1.30.1 kubernetes-version"],
    ),
    "an upgrade of Talos": (
        "up.sh",
        "talosctl --nodes 10.0.0.1 upgrade-k8s --to 1.33.2\n",
        ["1:44 1.33.2 upgrade-k8s"],
    ),
    "Cluster API": (
        "cp.yaml",
        "kind: KubeadmControlPlane\nspec:\n  replicas: 3\n  version: v1.31.2\n",
        ["4:12 v1.31.2 KubeadmControlPlane"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "text", "expected"), PINNED.values(), ids=PINNED)
def test_where_kubernetes_is_pinned(path: str, text: str, expected: list[str]) -> None:
    assert pins(text, path) == expected


NOT_PINNED = {
    "the annotation of a policy": (
        "policy.yaml", 'metadata:\n  annotations:\n    kyverno.io/kubernetes-version: "1.23"\n',
    ),
    "one of several values": (
        "tools.sh",
        "case $1 in\n1.29) export K8S_VERSION=1.29.0;;\n1.28) export K8S_VERSION=1.28.5;;\nesac\n",
    ),
    "a variable": ("a.sh", "INSTALL_K3S_VERSION=${k3s_version} sh\n"),
    "an expression": ("a.tf", "k3s_version = var.k3s_version\n"),
    "a channel": ("a.sh", "INSTALL_K3S_CHANNEL=stable\n"),
    "a range": ("a.yaml", 'kubernetes_version: ">=1.28"\n'),
    "a version with a hole": ("a.yaml", "kubernetes_version: 1.28.x\n"),
    "a comment": ("a.sh", "# INSTALL_K3S_VERSION=v1.31.4+k3s1\n"),
    "a comment in Terraform": ("a.tf", '/*\nk3s_version = "v1.31.4"\n*/\n// k3s_version = "1.2"\n'),
    "a document": ("README.md", "k3s_version = v1.31.4\n"),
    "a program": ("main.go", 'const k3s_version = "v1.31.4"\n'),
    "a description": ("a.yaml", "description: |\n  kubernetes_version: 1.31\n"),
    "another version": ("a.tf", 'variable "cluster_version" {\n  default = "8.1"\n}\n'),
    "another default": (
        "a.tf",
        'variable "app_version" {\n  default = "1.31.4"\n}\nvariable "k3s_version" {\n}\n',
    ),
    "another resource": ("a.tf", 'resource "aws_eks_addon" "a" {\n version = "1.3"\n}\n'),
    "a chart": ("Chart.yaml", 'name: x\nkubeVersion: ">=1.28.0"\n'),
    "a kind without a version": ("a.yaml", "kind: ClusterConfig\nversion: 1.31\n"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "text"), NOT_PINNED.values(), ids=NOT_PINNED)
def test_what_pins_nothing(path: str, text: str) -> None:
    assert pins(text, path) == []


def test_what_reference_docs_link_to_runs_nowhere() -> None:
    links = "render:\n  # of the links\n  kubernetesVersion: 1.26\n"
    assert pins(f"processor:\n  ignoreTypes: []\n\n{links}", "hack/docs/config.yaml") == []
    assert pins(links, "values.yaml") == ["3:22 1.26 kubernetesVersion"]


def test_bytes_that_are_not_utf8_do_not_matter() -> None:
    text = b"# \xff\xfe\nINSTALL_K3S_VERSION=v1.31.4\n"
    assert pins(text, "a.sh") == ["2:21 v1.31.4 INSTALL_K3S_VERSION"]
    assert pins(b'k: "\xff\nkubernetesVersion: v1.31.4\n', "a.yaml") != []


@pytest.mark.parametrize(
    ("before", "unit", "behind", "found"),
    [("", "a_", "k3s_version\n", False), ("kubernetes_version: 1.31.4-", "a.", "$\n", True)],
)
def test_work_on_hostile_texts_grows_with_them(
    before: str, unit: str, behind: str, found: bool
) -> None:
    def reads(text: str) -> None:
        assert bool(pins(text, "a.sh")) == found

    linear.assert_linear(reads, lambda times: before + unit * times + behind, 20_000)


def test_excluded_paths_are_not_read() -> None:
    files = {"a.sh": "K3S_VERSION=v1.31.4\n"}
    assert kubernetes_pins.find(TextReader(snapshot(files)), lambda _: True) == ()


def test_the_monorepo_pins_k3s_in_one_place() -> None:
    found = kubernetes_pins.find(TextReader(MemorySnapshot(states.files())), lambda _: False)
    assert found == (KubernetesPin("v1.31.4+k3s1", PLACE, "Terraform variable k3s_version"),)


# --- FB207 ------------------------------------------------------------------------------------


def judged(release: str, *held: KubernetesPin, base: str = "2.4.0") -> list[Outcome]:
    inventory, before = (find({"install.sh": script(one)}) for one in (release, base))
    return list(FB207.judge(Evidence(inventory, cluster=Cluster(held), baseline=Baseline(before))))


FIXTURE = KubernetesPin("v1.31.4+k3s1", PLACE, "Terraform variable k3s_version")


@pytest.mark.parametrize("release", ["2.4.0", "2.5.1", "2.6.4"])
def test_the_kubernetes_of_the_monorepo_is_new_enough(release: str) -> None:
    assert judged(release, FIXTURE) == []


@pytest.mark.parametrize(
    ("release", "minimum"), [("2.7.0", "1.32"), ("2.8.5", "1.33"), ("2.9.4", "1.33")]
)
def test_and_too_old_for_later_releases(release: str, minimum: str) -> None:
    [finding] = judged(release, FIXTURE)
    assert isinstance(finding, Finding)
    assert finding.location == PLACE
    assert finding.severity is Severity.ERROR
    assert finding.message == (
        f"Flux {release} asks for Kubernetes {minimum} or newer, but Terraform variable "
        "k3s_version is v1.31.4+k3s1"
    )
    assert [str(one.location) for one in finding.related] == ["install.sh:2"]


MINIMUMS = (
    ("2.4.0", 28),
    ("2.5.0", 30),
    ("2.6.0", 31),
    ("2.7.0", 32),
    ("2.8.0", 33),
    ("2.9.0", 33),
)


def test_a_place_that_contradicts_what_runs_is_a_warning() -> None:
    old = KubernetesPin("v1.23.4", Location("roles/k3s/defaults/main.yml", 1, 14), "k3s_version")
    for release, base in (("2.5.1", "2.4.0"), ("2.4.0", "2.4.0")):
        [finding] = judged(release, old, base=base)
        assert isinstance(finding, Finding)
        assert finding.severity is Severity.WARNING
        assert "too old for Flux 2.4.0 too, which runs already" in finding.message


def test_without_a_base_what_is_pinned_is_what_runs() -> None:
    inventory = find({"install.sh": script("2.8.5")})
    [finding] = FB207.judge(Evidence(inventory, cluster=Cluster((FIXTURE,))))
    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("folder", ["tests", "e2e", "examples", "modules/x/fixtures"])
def test_a_test_or_an_example_is_a_warning(folder: str) -> None:
    tried = KubernetesPin("v1.31.4", Location(f"{folder}/kind.yaml", 3, 9), "kindest/node")
    [finding] = judged("2.8.5", tried)
    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING
    assert "a test or an example" in finding.message


@pytest.mark.parametrize("where", [None, Location("fluxbump.yaml", 1)])
def test_what_somebody_states_is_never_doubted(where: Location | None) -> None:
    [finding] = judged("2.8.5", KubernetesPin("1.22", where, "--kubernetes"))
    assert isinstance(finding, Finding)
    assert finding.severity is Severity.ERROR


def test_evidence_against_the_present_stops_no_bump(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {**small(), "roles/k3s/defaults/main.yml": 'k3s_version: "v1.23.4+k3s1"\n'}
    made = cli("to", "2.5.1", cwd=repository(tmp_path / "repo", files, index))
    assert made.code == 0, made.err


@pytest.mark.parametrize(("release", "minimum"), MINIMUMS)
def test_the_minimum_is_what_flux_check_asks_for(release: str, minimum: int) -> None:
    for minor, count in ((minimum - 1, 1), (minimum, 0), (minimum + 1, 0), (100, 0), (9, 1)):
        assert len(judged(release, KubernetesPin(f"1.{minor}", PLACE, "x"))) == count


def test_every_place_that_is_too_old_is_named() -> None:
    new = KubernetesPin("1.33", Location("b.tf", 1), "b")
    old = KubernetesPin("1.30", Location("c.tf", 1), "c")
    found = [one for one in judged("2.8.5", FIXTURE, new, old) if isinstance(one, Finding)]
    assert [one.location for one in found] == [PLACE, Location("c.tf", 1)]


def test_a_version_from_outside_is_reported_where_flux_is_installed() -> None:
    [finding] = judged("2.8.5", KubernetesPin("v1.31.4", None, "the cluster"))
    assert isinstance(finding, Finding)
    assert str(finding.location) == "install.sh:2"
    assert finding.message.endswith("but the cluster is v1.31.4")


def test_the_chart_tells_the_release_where_no_url_does() -> None:
    index = {str(one.version): one for one in chart_index().releases}
    inventory = find({"chart/Chart.yaml": wrapper('"2.18.3"')})
    [finding] = FB207.judge(Evidence(inventory, index=index, cluster=Cluster((FIXTURE,))))
    assert isinstance(finding, Finding)


def test_what_is_not_known_has_not_passed() -> None:
    inventory = find({"install.sh": script("2.8.5")})
    unknown = "the Kubernetes that Flux 2.10.0 asks for is not known"
    nothing = "nothing in live code says which Flux release this repository installs"
    cases = (
        (Evidence(inventory), "the pinned Kubernetes was not looked for"),
        (
            Evidence(inventory, cluster=Cluster()),
            "no pinned Kubernetes found (state it with --kubernetes)",
        ),
        (Evidence(Inventory(), cluster=Cluster((FIXTURE,))), nothing),
    )
    for evidence, reason in cases:
        assert list(FB207.judge(evidence)) == [NotRun("FB207", reason)]
    assert judged("2.10.0", FIXTURE) == [NotRun("FB207", unknown)]
    odd = KubernetesPin("newest", None, "--kubernetes")
    assert judged("2.8.5", odd) == [NotRun("FB207", "--kubernetes does not hold a version: newest")]


# --- who goes before whom ---------------------------------------------------------------------


def test_what_is_stated_goes_before_what_is_configured_and_that_before_what_is_found() -> None:
    files = snapshot({"infra/hetzner/variables.tf": 'variable "k3s_version" { default = "1.30" }'})
    configured = KubernetesPin("1.33", Location("fluxbump.yaml", 3, 13), "fluxbump.yaml")
    cluster = Known(KubernetesPin("v1.34.1", None, "cluster a"))

    def held(known: Known, configured: KubernetesPin | None) -> list[str]:
        around = surroundings(files, Scope(), known, configured=configured)
        return [one.version for one in around.cluster.kubernetes]

    assert held(NOTHING_KNOWN, None) == ["1.30"]
    assert held(NOTHING_KNOWN, configured) == ["1.33"]
    assert held(cluster, configured) == ["v1.34.1"]


def test_the_configuration_goes_before_what_is_found(tmp_path: Path, index: Path, cli: Cli) -> None:
    pinned = 'variable "k3s_version" {\n  default = "v1.34.1+k3s1"\n}\n'
    files = small(config="bump: minor\nkubernetes: 1.30\n") | {"a.tf": pinned}
    one = repository(tmp_path / "r", files, index)
    run = cli("check", "--select", "FB207", "--format", "json", cwd=one)
    assert run.json["findings"] == []
    for command in (
        ["to", "2.8.5", "--dry-run", "--output", "json"],
        ["check", "--format", "json"],
    ):
        if command[0] == "check":
            one.write("chart/Chart.yaml", wrapper("2.18.3"))
            one.write("install.sh", script("2.8.5"))
        found = [
            finding
            for finding in cli(*command, cwd=one).json["findings"]
            if finding["code"] == "FB207"
        ]
        assert [finding["message"] for finding in found] == [
            "Flux 2.8.5 asks for Kubernetes 1.33 or newer, but kubernetes in fluxbump.yaml is 1.30"
        ]
        assert (found[0]["path"], found[0]["line"]) == ("fluxbump.yaml", 2)
    run = cli("check", "--select", "FB207", "--kubernetes", "1.33", cwd=one)
    assert run.code == 0
