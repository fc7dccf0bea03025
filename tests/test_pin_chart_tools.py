"""The chart flux2 in a helmfile, in Argo CD's applications, and as kustomize inflates it."""

from __future__ import annotations

import pytest

from fluxbump.discover.pins.charts import argocd, helmfile, kustomize_helm
from fluxbump.discover.pins.kind import Context, Kind
from fluxbump.model import Note, Pin, Role
from fluxbump.text.live_code import TextFile
from tests.helpers import COMMUNITY, Cli, Repo, brief, find, script

OCI = "oci://ghcr.io/fluxcd-community/charts"
REPOSITORIES = f"repositories:\n  - name: community\n    url: {COMMUNITY}\n"


def releases(chart: str = "community/flux2", version: str = "version: 2.14.1") -> str:
    return f"releases:\n  - name: flux\n    chart: {chart}\n    {version}\n"


def application(version: str = "targetRevision: 2.14.1", repository: str = COMMUNITY) -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n"
        f"    chart: flux2\n    repoURL: {repository}\n    {version}\n"
    )


def several(text: str) -> str:
    """Put the source of an application behind another one."""
    return text.replace("  source:\n    ", "  sources:\n  - ref: values\n  - ")


def of_set(text: str) -> str:
    lines = text.replace("Application", "ApplicationSet").split("spec:\n")
    return f"{lines[0]}spec:\n  template:\n    spec:\n" + "".join(
        f"    {line}\n" for line in lines[1].splitlines()
    )


def charts(version: str = "version: 2.14.1", repository: str = f"repo: {COMMUNITY}") -> str:
    return f"helmCharts:\n  - name: flux2\n    {repository}\n    {version}\n"


GENERATOR = (
    "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: f}\n"
    f"name: flux2\nrepo: {OCI}\nversion: 2.14.1\n"
)
OLD = (
    "helmChartInflationGenerator:\n  - chartName: flux2\n"
    f"    chartRepoUrl: {COMMUNITY}\n    chartVersion: 2.14.1\n"
)
CONDITION = (
    f"{REPOSITORIES}{{{{ if true }}}}\n{releases()}{{{{ end }}}}\n"
    "environments:\n  default: {{ toYaml .Values }}\n"
)
TEMPLATED = "version: {{ .Values.flux }}"


@pytest.mark.parametrize(
    ("kind", "path", "text", "expected"),
    [
        (helmfile, "helmfile.yaml", REPOSITORIES + releases(), ["7 helmfile flux2 2.14.1"]),
        (helmfile, "helmfile.d/00-flux.yaml", releases(), ["4 helmfile flux2 2.14.1"]),
        (helmfile, "h.yaml", releases(f"{OCI}/flux2"), ["4 helmfile flux2 2.14.1"]),
        (helmfile, "h.yaml", releases("./charts/flux2"), []),
        (helmfile, "h.yaml", releases("charts/flux2"), []),
        (helmfile, "h.yaml", releases("community/flux2-sync"), []),
        (helmfile, "h.yaml", releases(version="wait: true"), ["3 helmfile flux2  [unpinned]"]),
        (helmfile, "h.yaml", releases(version="version: ~2.14"),
         ["4 helmfile flux2 ~2.14 [range]"]),
        (helmfile, "helmfile.yaml.gotmpl", CONDITION, ["8 helmfile flux2 2.14.1"]),
        (helmfile, "helmfile.yaml", CONDITION, ["8 helmfile flux2 2.14.1"]),
        (helmfile, "h.yaml.gotmpl", releases(version=TEMPLATED),
         ["4 helmfile flux2 {{ .Values.flux }} [variable]"]),
        (helmfile, "README.md", releases(), []),
        (helmfile, "h.yaml", "".join(f"# {one}\n" for one in releases().splitlines()), []),
        (argocd, "a.yaml", application(), ["7 argocd flux2 2.14.1"]),
        (argocd, "a.yaml", several(application()), ["8 argocd flux2 2.14.1"]),
        (argocd, "a.yaml", of_set(application()), ["9 argocd flux2 2.14.1"]),
        (argocd, "a.yaml", application(repository=OCI.removeprefix("oci://")),
         ["7 argocd flux2 2.14.1"]),
        (argocd, "a.yaml",
         application(repository=f"{OCI}/flux2").replace("chart: flux2", "path: ."),
         ["7 argocd flux2 2.14.1"]),
        (argocd, "a.yaml", application("targetRevision: '*'"), ["7 argocd flux2 * [unpinned]"]),
        (argocd, "a.yaml", application("targetRevision: 2.14.x"),
         ["7 argocd flux2 2.14.x [range]"]),
        (argocd, "t/templates/a.yaml", application("targetRevision: {{ .Values.v }}"),
         ["7 argocd flux2 {{ .Values.v }} [variable]"]),
        (argocd, "a.yaml", application("targetRevision: '{{version}}'"),
         ["7 argocd flux2 {{version}} [variable]"]),
        (argocd, "a.yaml", application().replace("chart: flux2", "chart: flux2-sync"), []),
        (argocd, "a.yaml", application().replace("chart: flux2", "path: flux2"), []),
        (kustomize_helm, "kustomization.yaml", charts(), ["4 kustomize-helm flux2 2.14.1"]),
        (kustomize_helm, "kustomization.yaml", charts(repository=f"repo: {OCI}"),
         ["4 kustomize-helm flux2 2.14.1"]),
        (kustomize_helm, "g.yaml", GENERATOR, ["6 kustomize-helm flux2 2.14.1"]),
        (kustomize_helm, "kustomization.yml", OLD, ["4 kustomize-helm flux2 2.14.1"]),
        (kustomize_helm, "kustomization.yaml", charts(version="releaseName: f"),
         ["2 kustomize-helm flux2  [unpinned]"]),
        (kustomize_helm, "kustomization.yaml", charts(repository="releaseName: f"), []),
        (kustomize_helm, "kustomization.yaml", charts().replace("flux2", "flux2-sync"), []),
        (kustomize_helm, "kustomization.yaml", charts().replace("helmCharts", "charts"), []),
    ],
)  # fmt: skip
def test_what_is_a_pin(kind: Kind, path: str, text: str, expected: list[str]) -> None:
    found = kind.find(TextFile(path, text), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected


ELSEWHERE = "https://charts.example.org"
TWICE = releases(version="version: 2.14.1\n    {{ if x }}\n    version: 2.15.0\n    {{ end }}")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (helmfile, REPOSITORIES.replace(COMMUNITY, ELSEWHERE) + releases(), ELSEWHERE),
        (helmfile, TWICE, "two versions"),
        (argocd, application(repository=ELSEWHERE), ELSEWHERE),
        (kustomize_helm, charts(repository=f"repo: {ELSEWHERE}"), ELSEWHERE),
    ],
)
def test_what_is_not_certain_is_noted(kind: Kind, text: str, message: str) -> None:
    (note,) = kind.find(TextFile("a.yaml", text), Context())
    assert isinstance(note, Note)
    assert message in note.message


def test_a_template_of_a_helmfile_stops_nothing() -> None:
    found = find({"helmfile.yaml": CONDITION})
    assert found.unreadable == ()
    assert [(pin.kind, pin.role) for pin in found.pins] == [("helmfile", Role.INSTALLS)]


def test_values_beside_a_helmfile_are_followed() -> None:
    found = find(
        {"helmfile.yaml.gotmpl": releases(version=TEMPLATED), "values.yaml": "flux: 2.14.1\n"}
    )
    assert [(pin.kind, pin.location.path) for pin in found.pins] == [("variable", "values.yaml")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("helmfile.yaml", REPOSITORIES + releases()),
        ("app.yaml", application()),
        ("kustomization.yaml", charts()),
    ],
)
def test_a_chart_that_ships_another_release_is_found(
    path: str, text: str, repo: Repo, cli: Cli
) -> None:
    repo.git("rm", "-rq", ".")
    repo.commit({path: text, "boot.sh": script("2.3.0")})
    checked = cli("check", "--no-render", "--format", "json", cwd=repo).json
    errors = [one["code"] for one in checked["findings"] if one["severity"] == "error"]
    assert errors == ["FB103"]


def test_a_lock_is_named(repo: Repo, cli: Cli) -> None:
    lock = (
        f"version: 1.1.3\ndependencies:\n- name: flux2\n  repository: {COMMUNITY}\n"
        "  version: 2.14.1\ndigest: sha256:0\n"
    )
    repo.commit({"helmfile.yaml": REPOSITORIES + releases(), "helmfile.lock": lock})
    done = cli("to", "2.5.1", cwd=repo)
    assert done.code == 0, done.err
    assert repo.show("fluxbump/flux-2.5.1", "helmfile.lock") == lock
    assert "helmfile deps" in done.out
