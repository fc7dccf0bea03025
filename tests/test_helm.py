import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fluxbump.errors import ToolError
from fluxbump.helm.binary import ChartRefusedError, Helm, find, objects
from fluxbump.helm.rendered import RenderedObject
from fluxbump.text import yaml
from tests.rendered import template

CHART = "apiVersion: v2\nname: small\nversion: 0.1.0\n"

MakeChart = Callable[..., Path]
MakeHelm = Callable[..., Helm]


@pytest.fixture
def chart(tmp_path: Path) -> MakeChart:
    def make(**files: str) -> Path:
        directory = tmp_path / "a chart"
        for name, text in {"Chart_yaml": CHART, **files}.items():
            path = directory / name.replace("__", "/").replace("_yaml", ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return directory

    return make


@pytest.fixture
def fake(tmp_path: Path) -> MakeHelm:
    """Make a helm that answers `version`, and runs a shell script for anything else."""

    def make(script: str, *, version: str = "echo v3.99.0", timeout: float = 20) -> Helm:
        path = tmp_path / "fake-helm"
        path.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then {version}; exit; fi\n{script}\n')
        path.chmod(0o755)
        return Helm(path, timeout=timeout)

    return make


# --- the real one ----------------------------------------------------------------------------


def test_version_of_the_real_helm(request: pytest.FixtureRequest, helm: Helm) -> None:
    major = request.node.callspec.params["helm"].removeprefix("helm")
    assert helm.version().startswith(f"v{major}.")


def test_renders_with_definitions_and_without_tests(helm: Helm, chart: MakeChart) -> None:
    directory = chart(
        templates__a_yaml="kind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n",
        templates__tests__t_yaml="kind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}\n",
        crds__c_yaml="kind: CustomResourceDefinition\nmetadata: {name: things.example.org}\n",
    )
    found = [(one.kind, one.name) for one in objects(template(helm, directory))]
    assert found == [
        ("CustomResourceDefinition", "things.example.org"),
        ("ConfigMap", "fluxbump"),
    ]


def test_renders_for_the_kubernetes_that_is_named(helm: Helm, chart: MakeChart) -> None:
    directory = chart(
        Chart_yaml=CHART + 'kubeVersion: ">=1.28.0-0"\n',
        templates__a_yaml="kind: '{{ .Capabilities.KubeVersion.Version }}'\n",
    )
    assert [one.kind for one in objects(template(helm, directory))] == ["v1.35.0"]
    assert "v1.28.3" in template(helm, directory, kube_version="1.28.3")
    with pytest.raises(ChartRefusedError, match=r"requires kubeVersion: >=1\.28"):
        template(helm, directory, kube_version="1.27.9")


def test_the_users_setup_has_no_say(
    helm: Helm, chart: MakeChart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "contexts: [{name: c, context: {cluster: c, namespace: theirs}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"
    )
    plugin = tmp_path / "plugins" / "broken" / "plugin.yaml"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("a: [")
    for name, value in {
        "KUBECONFIG": config,
        "HELM_PLUGINS": plugin.parent.parent,
        "HELM_NAMESPACE": "theirs",
        "HELM_DEBUG": "true",
        "HELM_KUBECONTEXT": "nowhere",
    }.items():
        monkeypatch.setenv(name, str(value))
    directory = chart(templates__a_yaml="kind: '{{ .Release.Namespace }}'\n")
    assert [one.kind for one in objects(template(helm, directory))] == ["default"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"templates__a_yaml": "a: {{ .Values.no.such }}"}, "small/templates/a.yaml:1:"),
        ({"templates__a_yaml": "{{ if }}"}, "missing value for if"),
        ({"templates__a_yaml": "kind: ConfigMap\na: ["}, "YAML parse error on small/templates"),
        ({"templates__a_yaml": '{{ fail "no\\n\\u001b[31m\\u202eway" }}'}, "no ?[31m?way"),
        ({"values_yaml": "a: ["}, "cannot load values.yaml"),
        ({"Chart_yaml": "a: ["}, "cannot load Chart.yaml"),
    ],
)
def test_a_refusal_is_one_readable_line(
    helm: Helm, chart: MakeChart, scratch: Path, files: dict[str, str], message: str
) -> None:
    directory = chart(**files)
    with pytest.raises(ChartRefusedError) as refused:
        template(helm, directory)
    said = refused.value.message
    assert message in said
    assert said.isprintable()
    assert not said.startswith("Error")
    assert "--debug" not in said
    assert str(directory) not in said
    assert list(scratch.iterdir()) == []


def test_helm_works_while_others_do(fake: MakeHelm, tmp_path: Path, scratch: Path) -> None:
    """It has ended when the block is left, even when nobody asked for its output."""
    helm = fake(f"echo $$ > '{tmp_path}/pid'; echo begun; exec sleep 30")
    with helm.begin(tmp_path):
        while not (pid := (tmp_path / "pid")).exists() or not pid.read_text().strip():
            pass
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert list(scratch.iterdir()) == []


def test_a_directory_without_a_chart(helm: Helm, tmp_path: Path) -> None:
    with pytest.raises(ChartRefusedError) as refused:
        template(helm, tmp_path)
    assert str(tmp_path) not in refused.value.message


# --- whatever is called helm -----------------------------------------------------------------


def test_the_version_is_asked_for_once(fake: MakeHelm, tmp_path: Path) -> None:
    helm = fake("echo 'kind: A'", version=f"echo x >> '{tmp_path}/asked'; echo v4.1.4")
    assert (helm.version(), helm.version()) == ("v4.1.4", "v4.1.4")
    assert (tmp_path / "asked").read_text() == "x\n"


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("echo v2.17.0", r"helm v2.17.0 is too old \(install Helm 3 or 4\)"),
        ("echo nonsense", "did not print its version: nonsense"),
        ("true", "did not print its version: it says nothing"),
        ("echo 'Error: unknown flag' >&2; exit 1", "did not print its version: unknown flag"),
    ],
)
def test_a_helm_of_another_kind(fake: MakeHelm, version: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        fake("", version=version).version()


def test_warnings_before_the_error_are_cut(fake: MakeHelm, tmp_path: Path) -> None:
    helm = fake("echo 'level=WARN msg=x' >&2; echo 'Error: a' >&2; echo '  b' >&2; exit 1")
    with pytest.raises(ChartRefusedError, match=r"^a b$"):
        template(helm, tmp_path)


def test_a_silent_failure_still_says_something(fake: MakeHelm, tmp_path: Path) -> None:
    with pytest.raises(ChartRefusedError, match="helm template failed with 3"):
        template(fake("exit 3"), tmp_path)


def test_a_long_message_is_cut(fake: MakeHelm, tmp_path: Path) -> None:
    with pytest.raises(ChartRefusedError) as refused:
        template(fake("head -c 5000 /dev/zero | tr '\\0' x >&2; exit 1"), tmp_path)
    assert refused.value.message == "x" * 1000 + "..."


def test_one_that_hangs_is_stopped(fake: MakeHelm, tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(ToolError, match=r"did not finish within 0.2 seconds"):
        template(fake("exec sleep 30", timeout=0.2), tmp_path)
    assert list(scratch.iterdir()) == []


def test_one_that_is_killed_is_not_the_charts_fault(fake: MakeHelm, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="killed by signal 9") as killed:
        template(fake("kill -9 $$"), tmp_path)
    assert not isinstance(killed.value, ChartRefusedError)


def test_ctrl_c_stops_it_and_leaves_nothing(fake: MakeHelm, tmp_path: Path, scratch: Path) -> None:
    helm = fake(f"echo $$ > '{tmp_path}/pid'; sleep 0.3; kill -INT $PPID; exec sleep 30")
    with pytest.raises(KeyboardInterrupt):
        template(helm, tmp_path)
    assert list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_one_that_does_not_run(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(ToolError, match=r"cannot run .*no-helm: .*No such file"):
        template(Helm(tmp_path / "no-helm"), tmp_path)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELF")
    garbage.chmod(0o755)
    with pytest.raises(ToolError, match=r"cannot run .*garbage: .*format error"):
        Helm(garbage).version()
    assert list(scratch.iterdir()) == []


def test_finds_the_one_on_path_or_the_one_named(
    fake: MakeHelm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = fake("").path
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find() is None
    on_path = tmp_path / "bin" / "helm"
    on_path.parent.mkdir()
    on_path.symlink_to(named)
    found, explicit = find(), find(str(named))
    assert found is not None
    assert explicit is not None
    assert (found.path, explicit.path) == (on_path, named)
    monkeypatch.chdir(tmp_path)
    relative = find("./fake-helm")
    assert relative is not None
    assert relative.path.is_absolute()


def test_a_helm_that_is_named_must_be_there(tmp_path: Path) -> None:
    plain = tmp_path / "helm"
    plain.write_text("")
    plain.chmod(stat.S_IRUSR)
    for name in (str(plain), str(tmp_path / "nothing")):
        with pytest.raises(ToolError, match="is not a program"):
            find(name)


# --- its output ------------------------------------------------------------------------------


def test_reads_objects_and_the_images_of_their_pods() -> None:
    output = """\
---
# Source: a/templates/a.yaml
apiVersion: apps/v1
kind: "Deployment"
metadata: {name: d}
spec:
  template:
    spec:
      initContainers: [{image: i:1}]
      containers:
        - image: c:1
        - name: none
---
# Source: a/templates/empty.yaml
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: c
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: j:1}]}}}}}
---
apiVersion: v1
kind: Pod
spec: {containers: [{image: p:1}]}
"""
    assert list(objects(output)) == [
        RenderedObject("apps/v1", "Deployment", "d", ("i:1", "c:1", "")),
        RenderedObject("batch/v1", "CronJob", "c", ("j:1",)),
        RenderedObject("v1", "Pod", "", ("p:1",)),
    ]


def test_reads_what_is_in_lists() -> None:
    output = "{apiVersion: v1, kind: List, items: [{apiVersion: x/v1, kind: A}, {kind: BList}]}"
    assert [one.kind for one in objects(output)] == ["List", "A", "BList"]


DEFINITION = """\
---
# Source: a/crds/a.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.org
spec:
  group: example.org

# a comment
  names:
    kind: Thing
    description: |-
      kind: PodMonitor
"""


FLOW = """\
{apiVersion: apiextensions.k8s.io/v1,
kind: CustomResourceDefinition,
metadata: {name: things.example.org}}
"""


@pytest.mark.parametrize(
    "output",
    [
        DEFINITION,
        DEFINITION + "status: {}\n",
        DEFINITION.rstrip("\n"),
        DEFINITION.replace("\n", "\r\n"),
        DEFINITION.replace("kind: Custom", "kind:  Custom"),
        DEFINITION.replace("spec:\n", "spec: # all of it\n"),
        DEFINITION.replace("apiVersion", "spec:\n  a: b\napiVersion").rpartition("spec:")[0],
        FLOW,
    ],
)
def test_reads_definitions_however_they_are_written(output: str) -> None:
    expected = ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.example.org", ())
    assert list(objects(output)) == [RenderedObject(*expected)]
    assert len(list(objects(output + "\n" + DEFINITION))) == 2


@pytest.mark.parametrize(
    "kind",
    [
        'kind: PodMonitor\ndata: "\nkind: CustomResourceDefinition\n"',
        '"kind": PodMonitor\ndata: {\nkind: CustomResourceDefinition}',
        "kind: CustomResourceDefinition\nkind: PodMonitor",
    ],
)
def test_nothing_passes_for_a_definition(kind: str) -> None:
    (found,) = objects(f"apiVersion: monitoring.coreos.com/v1\n{kind}\nspec:\n  a: b\n")
    assert found.kind == "PodMonitor"


def test_output_that_is_not_yaml_names_the_template() -> None:
    with pytest.raises(yaml.YamlError, match=r"^a/templates/b\.yaml is not YAML: "):
        list(objects("---\nkind: A\n---\n# Source: a/templates/b.yaml\na: [\n"))
