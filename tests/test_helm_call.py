"""Which calls of programs install a chart that moves, and at which version.

The forms are those of the documentation of Pulumi's Kubernetes provider (v3 and v4), aws-cdk-lib's
`Cluster.addHelmChart`, CDK8s' `Helm`, cdktf's `Release`, and provider-helm's types.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.discover.pins.charts import helm_call
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Chart, Note, Pin
from fluxbump.text.live_code import TextFile
from tests import growth, linear
from tests.helpers import ARCHIVE, COMMUNITY, Cli, brief, repository, small

EXACT = "helm-call flux2 2.14.1"
OWN = Context(charts={"bp-flux": Chart("bp-flux", "chart/Chart.yaml", "1.1.2", (), wrapper=True)})

TS = f"""new k8s.helm.v3.Release("flux", {{
  chart: "flux2",
  // not past 2.15.0, it's broken
  version: "2.14.1",
  repositoryOpts: {{ repo: "{COMMUNITY}" }},
  values: {{ x: {{ version: "9.9.9" }} }},
}});
"""
CHART_TS = (
    f"new k8s.helm.v3.Chart('flux', {{chart: 'flux2', version: '2.14.1', "
    f"fetchOpts: {{repo: '{COMMUNITY}/'}}}});\n"
)
V4 = (
    'const f = new kubernetes.helm.v4.Chart("flux", {\n  version: "2.14.1",\n'
    '  chart: "oci://ghcr.io/fluxcd-community/charts/flux2",\n});\n'
)
CDK = f"""cluster.addHelmChart('flux', {{
  release: 'flux2', chart: 'flux2', repository: '{COMMUNITY}', namespace: 'flux-system',
  version: '2.14.1', values: {{}},
}});
"""
CDK8S = "new Helm(this, 'flux', { chart: 'fluxcd-community/flux2', version: '2.14.1' });\n"
CONSTANT = f"""const FLUX_CHART_VERSION = '2.14.1';
const REPOSITORY: string = '{COMMUNITY}';
new Release(this, 'flux', {{
  name: 'flux2', repository: REPOSITORY, chart: 'flux2', version: FLUX_CHART_VERSION,
}});
"""
PYTHON = f"""k8s.helm.v3.Release(
    "flux",
    k8s.helm.v3.ReleaseArgs(
        chart="flux2",
        repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo="{COMMUNITY}"),
        version="2.14.1",  # pinned
        values={{"chart": "x"}},
    ),
)
"""
PYTHON_CDK = (
    f'cluster.add_helm_chart("flux", chart="flux2", repository="{COMMUNITY}", version="2.14.1")\n'
)
PYTHON_DICT = f'Chart("f", {{"chart": "flux2", "version": "2.14.1", "repo": "{COMMUNITY}"}})\n'
GO = f"""flux, err := helm.NewRelease(ctx, "flux2", &helm.ReleaseArgs{{
\tChart:     pulumi.String("flux2"),
\tVersion:   pulumi.String("2.14.1"), // Update to the latest version
\tRepositoryOpts: &helm.RepositoryOptsArgs{{
\t\tRepo: pulumi.String("{COMMUNITY}"),
\t}},
}})
"""
GO_CHART = f"""helm.NewChart(ctx, "flux", helm.ChartArgs{{
\tChart: pulumi.String("flux2"),
\tFetchArgs: helm.FetchArgs{{
\t\tRepo: pulumi.String("{COMMUNITY}"), Version: pulumi.String("2.14.1"),
\t}},
}})
"""
GO_CDK = (
    f"cluster.AddHelmChart(jsii.String(`flux`), &awseks.HelmChartOptions{{\n"
    f'  Chart: jsii.String("flux2"), Repository: jsii.String("{COMMUNITY}"),\n'
    f'  Version: jsii.String("v2.14.1"),\n}})\n'
)
GO_CROSSPLANE = (
    f'p := v1beta1.ReleaseParameters{{Chart: v1beta1.ChartSpec{{Name: "flux2",\n'
    f'  Repository: "{COMMUNITY}", Version: "2.14.1"}}}}\n'
)
JAVA = f"""cluster.addHelmChart("flux", HelmChartOptions.builder()
    .chart("flux2")
    .repository("{COMMUNITY}")
    .version("2.14.1")
    .build());
"""
JAVA_PULUMI = f"""new Release("flux", ReleaseArgs.builder()
    .version("2.14.1").chart("flux2")
    .repositoryOpts(RepositoryOptsArgs.builder()
        .repo("{COMMUNITY}").build()).build());
"""
CSHARP = f"""new Release("flux", new ReleaseArgs {{
  Chart = "flux2", Version = "2.14.1",
  RepositoryOpts = new RepositoryOptsArgs {{ Repo = "{COMMUNITY}" }},
}});
"""
KCL = f"""spec.forProvider.chart = {{
    name = "flux2"
    repository = "{COMMUNITY}"
    version = "2.14.1"
}}
"""
BY_ARCHIVE = KCL.replace(f'repository = "{COMMUNITY}"', f'url = "{ARCHIVE.format("2.14.1")}"')
PULUMI_YAML = f"""resources:
  flux:
    type: kubernetes:helm.sh/v3:Release
    properties:
      chart: flux2
      version: "2.14.1"
      repositoryOpts: {{repo: {COMMUNITY}}}
"""


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.ts", TS, [f"4 {EXACT}"]),
        ("a.ts", CHART_TS, [f"1 {EXACT}"]),
        ("a.mts", V4, [f"2 {EXACT}"]),
        ("lib/a.ts", CDK, [f"3 {EXACT}"]),
        ("a.js", CDK8S, [f"1 {EXACT}"]),
        ("a.ts", CONSTANT, [f"1 {EXACT}"]),
        ("a.py", PYTHON, [f"6 {EXACT}"]),
        ("a.py", PYTHON_CDK, [f"1 {EXACT}"]),
        ("a.py", PYTHON_DICT, [f"1 {EXACT}"]),
        ("a.go", GO, [f"3 {EXACT}"]),
        ("a.go", GO_CDK, [f"3 {EXACT}"]),
        ("a.go", GO_CROSSPLANE, [f"2 {EXACT}"]),
        ("A.java", JAVA, [f"4 {EXACT}"]),
        ("A.java", JAVA_PULUMI, [f"2 {EXACT}"]),
        ("A.cs", CSHARP, [f"2 {EXACT}"]),
        ("main.k", KCL, [f"4 {EXACT}"]),
        ("main.k", BY_ARCHIVE, [f"4 {EXACT}"]),
        ("main.k", BY_ARCHIVE.replace('version = "2.14.1"', "version = _v"), [
            "4 helm-call flux2 _v [variable]",
        ]),
        ("Pulumi.yaml", PULUMI_YAML, [f"6 {EXACT}"]),
        ("a.ts", TS.replace('"2.14.1"', "config.version"), [
            "4 helm-call flux2 config.version [variable]",
        ]),
        ("a.ts", TS.replace('"2.14.1"', "v ?? '2.14.1'"), [f"4 {EXACT}"]),
        ("main.k", '_v = oxr.spec?.version or "2.14.1"\n' + KCL.replace('"2.14.1"', "_v"), [
            f"1 {EXACT}",
        ]),
        ("a.ts", TS.replace('"2.14.1"', "v ?? '2.14.1' + suffix"), [
            "4 helm-call flux2 v ?? '2.14.1' + suffix [variable]",
        ]),
        ("a.ts", TS.replace('"2.14.1"', "`2.${minor}.1`"), [
            "4 helm-call flux2 `2.${minor}.1` [variable]",
        ]),
        ("a.ts", CONSTANT + "FLUX_CHART_VERSION = '2.14.0'\n", [
            "4 helm-call flux2 FLUX_CHART_VERSION [variable]",
        ]),
        ("a.ts", TS.replace('version: "2.14.1",\n', ""), ["2 helm-call flux2  [unpinned]"]),
        ("a.ts", TS.replace("2.14.1", "^2.14"), ["4 helm-call flux2 ^2.14 [range]"]),
        ("a.nix", f'{{ chart = "flux2"; repo = "{COMMUNITY}"; version = "2.14.1"; sha256 = "x"; }}',
            [f"1 {EXACT} [opaque]"]),
        ("a.nix",
            f'{{ chart = "flux2"; repo = "{COMMUNITY}"; version = "2.14.1"; chartHash = "x"; }}',
            [f"1 {EXACT} [opaque]"]),
        ("a.go", GO_CHART, [f"4 {EXACT}"]),
        # none of ours, or nobody's
        ("a.ts", "// " + TS.replace("\n", "\n// "), []),
        ("a.test.ts", TS, []),
        ("tests/a.py", PYTHON, []),
        ("a.ts", TS.replace('chart: "flux2"', 'chart: "flux2-sync"'), []),
        ("a.ts", TS.replace('chart: "flux2"', 'chart: "./charts/flux2"'), []),
        ("a.ts", f"const help = `\n{TS}`;\n", []),
        ("a.ts", 'if (chart === "flux2" && version === "2.14.1") {}\n', []),
        ("a.ts", "const list = [{ repo: 'fluxcd-community', chart: 'flux2' }];\n", []),
        ("a.go", 'func f() {\n  chart := "flux2"\n  version := "2.14.1"\n}\n', []),
        ("a.yaml", "type: x\nproperties: {chart: flux2, version: 2.14.1}\n", []),
        ("a.md", TS, []),
    ],
)  # fmt: skip
def test_calls(path: str, text: str, expected: list[str]) -> None:
    found = [one for one in helm_call.find(TextFile(path, text), Context()) if isinstance(one, Pin)]
    assert brief(found) == expected
    for pin in found:
        assert pin.form != "exact" or text[pin.start : pin.end] == pin.value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TS.replace(COMMUNITY, "https://charts.example.org"), "https://charts.example.org, not"),
        (TS.replace(f'{{ repo: "{COMMUNITY}" }}', "undefined"), "no URL of a chart repository"),
        (CDK.replace(COMMUNITY, "fluxcd-community"), "no URL of a chart repository"),
        (TS.replace('version: "2.14.1"', "version"), "takes its version from elsewhere"),
        (TS.replace('version: "2.14.1"', "...defaults"), "takes its version from elsewhere"),
        (
            TS.replace("repo:", "url:").replace("repositoryOpts: {", "repositoryOpts: x, f: {"),
            "no URL",
        ),
        (TS.replace("2.14.1", "X.Y.Z"), "neither a version nor a range"),
    ],
)
def test_what_is_left_alone_is_noted(text: str, says: str) -> None:
    (note,) = helm_call.find(TextFile("a.ts", text), Context())
    assert isinstance(note, Note)
    assert says in note.message


def test_a_chart_of_this_repository() -> None:
    text = TS.replace("flux2", "bp-flux").replace("2.14.1", "1.1.2").replace(COMMUNITY, "oci://r/c")
    found = [one for one in helm_call.find(TextFile("a.ts", text), OWN) if isinstance(one, Pin)]
    assert brief(found) == ["4 helm-call bp-flux 1.1.2"]


def test_a_bump_moves_it_and_check_compares_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {"infra/a.ts": TS, "infra/b.go": GO, "Pulumi.yaml": PULUMI_YAML, "a.k": BY_ARCHIVE}
    repo = repository(tmp_path / "repo", small(**files), index)
    result = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert result.code == 0, result.err
    for path, text in files.items():
        assert repo.show("fluxbump/flux-2.5.1", path) == text.replace("2.14.1", "2.15.0")
    repo.commit({"infra/a.ts": TS.replace("2.14.1", "2.13.0")})
    behind = cli("check", "--no-render", cwd=repo)
    assert behind.code == 1
    assert "infra/a.ts:4:" in behind.out
    assert "FB103 error" in behind.out
    repo.commit({"fluxbump.yaml": "program_source: mentions\n"})
    assert "infra/b.go" not in cli("status", cwd=repo).out


@pytest.mark.parametrize(
    "unit", ["{", "chart: 'flux2', ", 'f("', "const x = { chart: 'flux2' };\n"]
)
def test_work_grows_with_the_text(unit: str) -> None:
    linear.assert_linear(
        lambda text: list(helm_call.find(TextFile("a.ts", text), Context())),
        growth.again(unit, "// chart flux2\n"),
        20_000,
    )


def test_a_digest_beside_the_version_stops_the_bump(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = f'{{ repo = "{COMMUNITY}"; chart = "flux2"; version = "2.14.1"; chartHash = "x"; }}\n'
    repo = repository(tmp_path / "repo", {"flux.nix": text}, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 5
    said = "holds 2.14.1 beside a digest, and that digest decides what is taken\n"
    assert said in result.err
    assert "  set version and digest of 2.15.0, or take the digest out" in result.err
