from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace
from semver import Version

from fixtures import derive_facts, states
from fluxbump.check import rules
from fluxbump.check.check import examine
from fluxbump.check.fingerprints import identity
from fluxbump.check.rules.objects import api_versions
from fluxbump.check.rules.objects import fields as fields_rule
from fluxbump.check.rules.rule import Evidence, NotRun, Outcome
from fluxbump.config.settings import Settings
from fluxbump.discover.objects import flux_objects
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.flux.stored_versions import Crd, CrdVersion
from fluxbump.flux.tables import crds as tables
from fluxbump.flux.tables import fields
from fluxbump.flux.tables.fields import Field
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.model import Finding, Inventory, Severity
from fluxbump.text import versions
from tests import linear
from tests.helpers import ROOT, chart_index, find, script, snapshot, wrapper

RULE = {rule.code: rule for rule in (*api_versions.RULES, *fields_rule.RULES)}
TEMPLATE = "infra/hetzner/cloudinit-control-plane.tftpl"
HEAD = "kind: {kind}\napiVersion: {api}\nmetadata: {{name: podinfo}}\n"


def evidence(text: str | bytes, release: str, path: str = "a.yaml") -> Evidence:
    files = {path: text, "install.sh": script(release)}
    found = flux_objects.find(snapshot(files), lambda _: False)
    return Evidence(find(files), objects=found, releases=KnownReleases(tables.crds()))


def judged(code: str, text: str | bytes, release: str, path: str = "a.yaml") -> list[Outcome]:
    return list(RULE[code].judge(evidence(text, release, path)))


def said(outcomes: list[Outcome]) -> list[str]:
    """Write findings as `line severity message`, and others as `- reason`."""
    return [
        f"{one.location.line} {one.severity} {one.message}"
        if isinstance(one, Finding)
        else f"- {one.reason}"
        for one in outcomes
    ]


def release_at(version: str, spec: str = "") -> str:
    """Return a HelmRelease; its spec starts on line 5."""
    head = HEAD.format(kind="HelmRelease", api=f"helm.toolkit.fluxcd.io/{version}")
    return f"{head}spec:\n{spec}"


def with_table(monkeypatch: pytest.MonkeyPatch, paths: dict[str, object]) -> None:
    """Put a small table in the place of the one that ships."""
    known = ["2.4.0", "2.5.0"]
    kind = {"helm.toolkit.fluxcd.io/v2 HelmRelease": {"releases": known, "fields": paths}}
    monkeypatch.setattr(fields, "_table", lambda: {"releases": known, "kinds": kind})
    monkeypatch.setattr(fields, "fields", fields.fields.__wrapped__)


# --- FB203, FB205 -----------------------------------------------------------------------------

APIS = {
    "served": ("HelmRelease helm v2", "2.8.5", [], []),
    "removed": (
        "HelmRelease helm v2beta1", "2.7.0",
        [("2 error HelmRelease podinfo is at helm.toolkit.fluxcd.io/v2beta1, which Flux 2.7.0 does "
         "not serve. Move to v2 (fluxbump to 2.7.0 --migrate-apis)")],
        [],
    ),
    "before it was removed": (
        "HelmRelease helm v2beta1", "2.6.4",
        [],
        [("2 warning HelmRelease podinfo is at helm.toolkit.fluxcd.io/v2beta1, which is deprecated "
         "in Flux 2.6.4. Move to v2 (fluxbump to 2.6.4 --migrate-apis)")],
    ),
    "not yet there": (
        "Bucket source v1", "2.3.0",
        [("2 error Bucket podinfo is at source.toolkit.fluxcd.io/v1, which Flux 2.3.0 does not "
         "serve. Move to v1beta2 (fluxbump to 2.3.0 --migrate-apis)")],
        [],
    ),
    "a kind of later": (
        "ExternalArtifact source v1", "2.6.4",
        [("2 error ExternalArtifact podinfo is at source.toolkit.fluxcd.io/v1, but Flux 2.6.4 has "
         "no such kind (it is in Flux 2.7.0 to 2.9.4)")],
        [],
    ),
    "a kind of nowhere": (
        "HelmRelaese helm v2", "2.6.4",
        [("2 error HelmRelaese podinfo is at helm.toolkit.fluxcd.io/v2, but Flux 2.6.4 has no such "
         "kind")],
        [],
    ),
    "a variable": (
        "HelmRelease helm ${V}", "2.6.4",
        ["- the Flux resource at a.yaml:2 has a variable as its version"],
        ["- the Flux resource at a.yaml:2 has a variable as its version"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("what", "release", "removed", "deprecated"), APIS.values(), ids=APIS)
def test_the_version_of_an_api(
    what: str, release: str, removed: list[str], deprecated: list[str]
) -> None:
    kind, group, version = what.split()
    text = HEAD.format(kind=kind, api=f"{group}.toolkit.fluxcd.io/{version}")
    assert said(judged("FB203", text, release)) == removed
    assert said(judged("FB205", text, release)) == deprecated


TEXTS = {
    "with a kind": (
        "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2beta1\n",
        (
            "this text names HelmRelease at helm.toolkit.fluxcd.io/v2beta1, which Flux 2.8.5 does "
            "not serve. Move to v2"
        ),
    ),
    "without one": (
        "kubectl get --raw \\\n  /apis/helm.toolkit.fluxcd.io/v2beta1/helmreleases\n",
        "this text names helm.toolkit.fluxcd.io/v2beta1, which Flux 2.8.5 does not serve",
    ),
}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('["Finds a HelmRelease at helm.toolkit.fluxcd.io/v2beta1 (should be v2)"]\n', 0),
        ('["kubectl get --raw /apis/helm.toolkit.fluxcd.io/v2beta1/helmreleases"]\n', 1),
        ('{"groupVersion": "helm.toolkit.fluxcd.io/v2beta1"}\n', 1),
    ],
)
def test_a_sentence_in_json_uses_no_api(text: str, count: int) -> None:
    assert len(said(judged("FB203", text, "2.8.5", "evals.json"))) == count


@pytest.mark.parametrize(("text", "message"), TEXTS.values(), ids=TEXTS)
def test_a_removed_api_in_a_script_is_a_warning(text: str, message: str) -> None:
    assert said(judged("FB203", text, "2.8.5", "a.sh")) == [f"2 warning {message}"]
    assert said(judged("FB203", text, "2.6.4", "a.sh")) == []


def test_the_monorepo_at_2_8_5_loses_every_helm_repository() -> None:
    files = states.files()
    files[TEMPLATE] = files[TEMPLATE].replace(b"/v2.4.0/install", b"/v2.8.5/install")
    inventory = find(dict(files))
    found = flux_objects.find(MemorySnapshot(files), lambda _: False)
    held = Evidence(inventory, objects=found, releases=KnownReleases(tables.crds()))
    findings = [one for one in RULE["FB203"].judge(held) if isinstance(one, Finding)]
    expected = {one.api_location for one in found.resources if one.kind == "HelmRepository"}
    assert {one.location for one in findings} == expected
    assert len(findings) == 18
    assert {one.severity for one in findings} == {Severity.ERROR}
    assert list(RULE["FB204"].judge(held)) == list(RULE["FB205"].judge(held)) == []


@pytest.mark.parametrize("state", ["aligned", "incident"])
def test_the_monorepo_as_it_is_is_clean(state: states.State) -> None:
    files = states.files(state)
    found = flux_objects.find(MemorySnapshot(files), lambda _: False)
    held = Evidence(find(dict(files)), objects=found, releases=KnownReleases(tables.crds()))
    assert list(RULE["FB203"].judge(held)) == list(RULE["FB204"].judge(held)) == []
    assert {one.code for one in RULE["FB205"].judge(held)} == {"FB205"}


# --- FB204 ------------------------------------------------------------------------------------

OWNERSHIP = "  install:\n    disableTakeOwnership: true\n"


@pytest.mark.parametrize("release", ["2.5.0", "2.5.1", "2.8.5", "2.9.4"])
def test_a_field_that_exists_is_clean(release: str) -> None:
    assert judged("FB204", release_at("v2", OWNERSHIP), release) == []


def test_a_field_of_a_later_release_is_unknown() -> None:
    assert said(judged("FB204", release_at("v2", OWNERSHIP), "2.4.0")) == [
        (
            "6 error HelmRelease podinfo: spec.install.disableTakeOwnership is not a field of "
            "HelmRelease v2 before Flux 2.5.0, and so not in Flux 2.4.0"
        )
    ]


def test_a_field_that_no_release_has_at_this_version() -> None:
    for version, release in (("v2beta1", "2.6.4"), ("v2beta2", "2.7.5")):
        assert said(judged("FB204", release_at(version, OWNERSHIP), release)) == [
            (
                "6 error HelmRelease podinfo: spec.install.disableTakeOwnership is not a field of "
                f"HelmRelease {version} in Flux {release}"
            )
        ]


CLEAN = {
    "nothing": "",
    "types": "  suspend: true\n  maxHistory: 5\n  releaseName: x\n  interval: 5m\n",
    "words of YAML 1.1": "  suspend: yes\n  releaseName: on\n",
    "a number that is whole": "  maxHistory: 5.0\n",
    "null": "  suspend:\n  install: ~\n  chart: {spec: null}\n",
    "what is open": "  values: {a: [1, {b: x}], c: {d: true}}\n",
    "a map": "  chart: {metadata: {labels: {a.b/c: x, '[]': y}}}\n",
    "substitutions": (
        "  suspend: ${A}\n  maxHistory: ${B:=5}\n  install: ${C}\n  dependsOn: '${D}'\n"
    ),
    "a substitution in a text": "  interval: ${A}m\n  driftDetection:\n    mode: en${X}\n",
    "what a script fills in": "  interval: RECONCILE_INTERVAL\n  timeout: <timeout>\n",
    "what a tool fills in": "  interval: __INTERVAL__\n  timeout: $TIMEOUT\n",
    "nested substitutions": "  suspend: ${A:=${B}}\n",
    "a quoted number": "  releaseName: '5'\n",
    "a list": "  dependsOn:\n    - name: a\n    - name: b\n      namespace: c\n",
    "an alias": "  install: &a {disableWait: true}\n  upgrade: *a\n",
    "a merge": "  install: &a {disableWait: true}\n  upgrade: {<<: *a, force: true}\n",
    "status": "  suspend: true\nstatus: {observedGeneration: x, whatever: 1}\n",
}


@pytest.mark.parametrize("spec", CLEAN.values(), ids=CLEAN)
def test_what_the_release_takes(spec: str) -> None:
    assert judged("FB204", release_at("v2", spec), "2.6.4") == []


OLD = "apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: HelmRelease\nmetadata:\n  name: a\n"


@pytest.mark.parametrize("code", ["FB203", "FB205"])
@pytest.mark.parametrize(("directive", "found"), [("delete", 0), ("merge", 1), ("replace", 1)])
@pytest.mark.parametrize("inline", [True, False])
def test_what_a_patch_deletes_is_at_no_version(
    code: str, directive: str, found: int, *, inline: bool
) -> None:
    text = f"$patch: {directive}\n{OLD}"
    if inline:
        indented = text.replace("\n", "\n        ").rstrip(" ")
        text = (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
            f"metadata: {{name: k}}\nspec:\n  patches:\n    - patch: |\n        {indented}"
            "      target: {kind: HelmRelease, name: a}\n"
        )
    release = "2.8.5" if code == "FB203" else "2.4.0"
    assert len(judged(code, text, release, "clusters/a/k.yaml")) == found


def test_the_directive_of_a_patch_is_no_field() -> None:
    head = HEAD.format(kind="HelmRelease", api="helm.toolkit.fluxcd.io/v2")
    assert judged("FB204", f"$patch: delete\n{head}", "2.6.4", "clusters/a/rm.yaml") == []
    assert judged("FB204", f'{head}"$patch": delete\n', "2.6.4", "clusters/a/rm.yaml") == []
    assert len(judged("FB204", f"{head}patch: delete\n", "2.6.4", "clusters/a/rm.yaml")) == 1


WRONG = {
    "a typo": ("  instal: {}\n", "5 spec.instal is not a field of HelmRelease v2"),
    "beside the spec": ("  suspend: true\nspce: 1\n", "6 spce is not a field of HelmRelease v2"),
    "in a list": (
        "  dependsOn:\n    - name: a\n      ns: c\n",
        "7 spec.dependsOn[].ns is not a field of HelmRelease v2",
    ),
    "a path as a key": (
        "  install.disableWait: true\n",
        "5 spec.install.disableWait is not a field of HelmRelease v2",
    ),
    "through a merge": (
        "  install: &a\n    preserveValues: true\n  upgrade: {<<: *a}\n",
        "6 spec.install.preserveValues is not a field of HelmRelease v2",
    ),
    "of a merge": (
        "  x: &x\n    y: &m {bogus: 1}\n  upgrade: {<<: *m, force: true}\n",
        "5 spec.x is not a field of HelmRelease v2",
        "6 spec.upgrade.bogus is not a field of HelmRelease v2",
    ),
    "a string for a boolean": (
        "  suspend: 'true'\n",
        '5 spec.suspend is the string "true", but has to be a boolean',
    ),
    "half a substitution": (
        "  suspend: tr${A}\n",
        '5 spec.suspend is the string "tr${A}", but has to be a boolean',
    ),
    "a number for a string": (
        "  chart:\n    spec:\n      version: 1.10\n",
        "7 spec.chart.spec.version is the number 1.1, but has to be a string",
    ),
    "a boolean for a string": (
        "  chart: {metadata: {labels: {a: true}}}\n",
        "5 spec.chart.metadata.labels{} is the boolean true, but has to be a string",
    ),
    "a fraction": ("  maxHistory: 5.5\n", ("5 spec.maxHistory is the number 5.5, but has to be an "
                   "integer")),
    "an object for a list": ("  dependsOn: {name: a}\n", ("5 spec.dependsOn is an object, but has "
                             "to be a list")),
    "a list for a string": ("  releaseName: [a]\n", ("5 spec.releaseName is a list, but has to be "
                            "a string")),
    "a string for an object": ("  chart: podinfo\n", ('5 spec.chart is the string "podinfo", but '
                               "has to be an object")),
    "no placeholder": (
        "  timeout: SHORT\n",
        '5 spec.timeout is the string "SHORT", but has to match ^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$',
    ),
    "an enum": (
        "  driftDetection:\n    mode: on-demand\n",
        ('6 spec.driftDetection.mode is the string "on-demand", but has to be one of enabled, '
        "warn, disabled"),
    ),
    "a pattern": (
        "  interval: 5 minutes\n",
        ('5 spec.interval is the string "5 minutes", but has to match '
        r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"),
    ),
    "a value of a later release": (
        "  chartRef: {kind: ExternalArtifact, name: a}\n",
        ('5 spec.chartRef.kind is the string "ExternalArtifact", but has to be one of '
        "OCIRepository, HelmChart"),
    ),
    "a very long number": (
        f"  maxHistory: {'9' * 5000}\n",
        "5 spec.maxHistory is a long string, but has to be an integer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_the_release_refuses(case: tuple[str, ...]) -> None:
    spec, *expected = case
    parts = [one.partition(" ") for one in expected]
    assert said(judged("FB204", release_at("v2", spec), "2.6.4")) == [
        f"{line} error HelmRelease podinfo: {message} in Flux 2.6.4" for line, _, message in parts
    ]


def test_a_field_that_is_gone_names_the_last_release_that_had_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_table(monkeypatch, {"spec": "object", "spec.old": {"type": "string", "until": "2.4.0"}})
    assert judged("FB204", release_at("v2", "  old: x\n"), "2.4.0") == []
    assert said(judged("FB204", release_at("v2", "  old: x\n"), "2.5.0")) == [
        (
            "5 error HelmRelease podinfo: spec.old is not a field of HelmRelease after Flux 2.4.0, "
            "and so not in Flux 2.5.0"
        )
    ]


def test_a_patch_may_hold_directives() -> None:
    spec = "  $patch: replace\n  nothing: 1\n"
    [finding] = judged("FB204", release_at("v2", spec), "2.6.4", "patches/a.yaml")
    assert isinstance(finding, Finding)
    assert finding.location.line == 6
    assert len(judged("FB204", release_at("v2", spec), "2.6.4")) == 2


def test_an_inline_patch_is_judged_where_it_stands() -> None:
    text = (
        "kind: Kustomization\npatches:\n  - patch: |\n"
        "      apiVersion: helm.toolkit.fluxcd.io/v2\n      kind: HelmRelease\n"
        "      metadata: {name: all}\n      spec:\n        install:\n"
        "          disableTakeOwnership: true\n"
    )
    [finding] = judged("FB204", text, "2.4.0")
    assert isinstance(finding, Finding)
    assert (finding.location.line, finding.location.column) == (9, 11)


SOURCE = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: '{}'}}\n"
    "spec: {{interval: 1m, url: {}}}\n"
)


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("tenant-REPLACE-tenant", Severity.NOTE),
        ("<tenant>", Severity.NOTE),
        ("tenant", Severity.ERROR),
        ("tenant-${TENANT}", Severity.ERROR),
        ("tenant-$TENANT", Severity.ERROR),
    ],
)
def test_a_manifest_with_a_name_that_is_to_be_filled_in_is_a_sample(
    name: str, severity: Severity
) -> None:
    (found,) = judged("FB204", SOURCE.format(name, "REPLACE-url"), "2.9.3", "t/_template/a.yaml")
    assert isinstance(found, Finding)
    assert found.severity is severity


def test_a_removed_version_is_not_reported_twice() -> None:
    assert judged("FB204", release_at("v2beta1", "  nothing: 1\n"), "2.8.5") == []


def test_a_bomb_of_aliases_is_judged_in_bounded_time() -> None:
    lines = ["  values: &a0 {x: x}"]
    lines += [f"  y{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]" for n in range(1, 30)]
    lines += ["  dependsOn: *a29", "  postRenderers: &r [*a29, *a29, *a29]", "  valuesFrom: *r"]
    with linear.ends():
        found = judged("FB204", release_at("v2", "\n".join(lines) + "\n"), "2.6.4")
    assert 29 < len(found) < 200


def test_lists_of_aliases_inside_each_other_are_judged_in_bounded_time() -> None:
    def times(name: str) -> str:
        return f"[{', '.join([f'*{name}'] * 300)}]"

    spec = (
        "  values:\n    - &op {op: add, path: /, bogus: 1}\n"
        f"    - &json {{patch: {times('op')}, target: {{}}}}\n"
        f"    - &post {{kustomize: {{patchesJson6902: {times('json')}}}}}\n"
        f"  postRenderers: {times('post')}\n"
    )
    with linear.ends():
        [finding] = judged("FB204", release_at("v2beta1", spec), "2.6.4")
    assert isinstance(finding, Finding)
    assert finding.location.line == 6


def test_an_object_that_holds_itself() -> None:
    text = release_at("v2", "  chart: &c\n    spec: *c\n  x: {<<: &m [*m]}\n")
    assert said(judged("FB204", text, "2.6.4"))[:1] == [
        (
            "6 error HelmRelease podinfo: spec.chart.spec.spec is not a field of HelmRelease v2 in "
            "Flux 2.6.4"
        )
    ]


# --- what was not judged ----------------------------------------------------------------------


@pytest.mark.parametrize("code", RULE)
def test_what_is_not_known_has_not_passed(code: str) -> None:
    text = release_at("v2")
    known = "2.0.0 to 2.9.4"
    what = "fields" if code == "FB204" else "API versions"
    expected = {
        "looked": (
            replace(evidence(text, "2.4.0"), objects=Evidence(Inventory()).objects),
            "Flux custom resources were not looked for",
        ),
        "release": (
            replace(evidence(text, "2.4.0"), inventory=Inventory()),
            "nothing in live code says which Flux release this repository installs",
        ),
        "newer": (
            evidence(text, "2.10.0"),
            f"the {what} of Flux 2.10.0 are not known (known are {known})",
        ),
        "prerelease": (
            evidence(text, "2.9.0-rc.1"),
            f"the {what} of Flux 2.9.0-rc.1 are not known (known are {known})",
        ),
        "broken": (
            evidence(text + 'x: "\n', "2.4.0"),
            "the Flux resource at a.yaml:6 is not YAML",
        ),
    }
    for given, reason in expected.values():
        assert list(RULE[code].judge(given)) == [NotRun(code, reason)]


def test_a_manifest_that_is_broken_below_its_head_is_checked_by_its_head_alone() -> None:
    head = "apiVersion: helm.toolkit.fluxcd.io/{}\nkind: HelmRelease\nmetadata:\n  name: podinfo\n"
    served, removed = (head.format(version) + "spec: [\n" for version in ("v2", "v2beta1"))
    assert judged("FB203", served, "2.8.5") == []
    assert said(judged("FB203", removed, "2.8.5"))[0].startswith("1 error HelmRelease podinfo is")
    for text in (served, removed):
        reason = "- the Flux resource at a.yaml:6 is not YAML"
        assert said(judged("FB204", text, "2.8.5")) == [reason]


def test_without_tables_nothing_is_known() -> None:
    given = replace(evidence(release_at("v2"), "2.4.0"), releases=KnownReleases({}))
    for code in ("FB203", "FB205"):
        reason = "the API versions of Flux 2.4.0 are not known (none is known)"
        assert list(RULE[code].judge(given)) == [NotRun(code, reason)]


def test_the_chart_tells_the_release_where_no_url_does() -> None:
    files = {"chart/Chart.yaml": wrapper(), "a.yaml": release_at("v2", OWNERSHIP)}
    found = flux_objects.find(snapshot(files), lambda _: False)
    index = {str(one.version): one for one in chart_index().releases}
    given = Evidence(find(files), index=index, objects=found, releases=KnownReleases(tables.crds()))
    assert len(list(RULE["FB204"].judge(given))) == 1


def test_a_crd_with_missing_parts_serves_nothing() -> None:
    name = "helmreleases.helm.toolkit.fluxcd.io"
    for entries in ((), (CrdVersion("v2", served=False, storage=True),)):
        crds = {"2.4.0": {name: Crd(name, "HelmRelease", "helm.toolkit.fluxcd.io", entries)}}
        given = replace(evidence(release_at("v2"), "2.4.0"), releases=KnownReleases(crds))
        [finding] = RULE["FB203"].judge(given)
        assert isinstance(finding, Finding)
        assert finding.message.endswith("does not serve. Flux serves no other version")
        assert finding.fix == ""


# --- the table --------------------------------------------------------------------------------

SHARED = ROOT.parent / "shared" / "facts"


def test_the_table_knows_what_the_api_versions_know() -> None:
    assert set(fields.releases()) == set(tables.crds())
    for release, crds in tables.crds().items():
        for crd in crds.values():
            for version in crd.versions:
                schema = fields.fields(release, crd.kind, f"{crd.group}/{version.name}")
                assert (schema is not None) == version.served, (release, crd.name, version.name)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the facts are not part of the project")
def test_the_table_is_what_the_facts_say() -> None:
    """Others derived them, from the manifests that Flux published."""
    said = json.loads((SHARED / "flux-fields.json").read_text("utf-8"))
    for release, defined in tables.crds().items():
        at = parsed(release)
        for crd in defined.values():
            for one in crd.versions:
                schema = fields.fields(release, crd.kind, f"{crd.group}/{one.name}")
                assert schema is not None
                facts = said[crd.name][one.name]["fields"]
                expected = {path: fact_at(fact, at) for path, fact in facts.items()}
                assert {p: replace(f, since=None, until=None) for p, f in schema.all().items()} == {
                    path: field for path, field in expected.items() if field is not None
                }


def fact_at(fact: Any, release: Version) -> Field | None:
    """The facts write a value that came back after another one as if it had never gone."""
    found = None
    for one in fact if isinstance(fact, list) else [fact]:
        field = Field(**{**one, "enum": tuple(one.get("enum", ()))})
        if field.holds(release):
            found = replace(field, since=None, until=None)
    return found


def parsed(release: str) -> Version:
    found = versions.parse(release)
    assert found is not None
    return found


def test_the_table_says_one_thing_of_a_field_in_a_release() -> None:
    seen = 0
    for name, fact in json.loads((derive_facts.TARGET / "fields.json").read_text("utf-8"))[
        "kinds"
    ].items():
        api_version, _, kind = name.partition(" ")
        schema = fields.fields(fact["releases"][1], kind, api_version)
        assert schema is not None
        for path in fact["fields"]:
            history = schema.history(path)
            for release in map(parsed, fields.releases()):
                assert sum(one.holds(release) for one in history) <= 1, (name, path, release)
            seen += len(history) > 1
    assert seen > 40


@pytest.mark.parametrize(
    ("release", "expected"), [("2.2.3", True), ("2.3.0", False), ("2.4.0", True)]
)
def test_a_field_that_one_release_did_not_ask_for(release: str, *, expected: bool) -> None:
    schema = fields.fields(release, "HelmRelease", "helm.toolkit.fluxcd.io/v2beta1")
    assert schema is not None
    chart = schema.lookup("spec.chart")
    assert chart is not None
    assert chart.required is expected


def test_a_release_between_two_that_are_known_is_not_known() -> None:
    assert fields.fields("2.4.0", "HelmRelease", "helm.toolkit.fluxcd.io/v2")
    for release in ("2.4.1", "2.4", "v2.4.0", "", "latest"):
        assert fields.fields(release, "HelmRelease", "helm.toolkit.fluxcd.io/v2") is None


@pytest.mark.parametrize(
    ("value", "wrong"), [("80", 0), ("http", 0), ("8.5", 1), ("true", 1), ("{}", 1)]
)
def test_an_integer_or_a_string(monkeypatch: pytest.MonkeyPatch, value: str, wrong: int) -> None:
    port = {"type": "int-or-string"}
    with_table(monkeypatch, {"spec": {"type": "object", "open": True}, "spec.port": port})
    spec = f"  port: {value}\n  more: {{a: 1}}\n"
    assert len(judged("FB204", release_at("v2", spec), "2.4.0")) == wrong


def test_where_every_version_is_deprecated_all_are_named() -> None:
    name, group = "buckets.source.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"
    old = CrdVersion("v1beta1", served=True, storage=False, deprecated=True)
    new = CrdVersion("v1beta2", served=True, storage=True, deprecated=True)
    crds = {"2.4.0": {name: Crd(name, "Bucket", group, (old, new))}}
    text = HEAD.format(kind="Bucket", api=f"{group}/v1")
    given = replace(evidence(text, "2.4.0"), releases=KnownReleases(crds))
    [finding] = RULE["FB203"].judge(given)
    assert isinstance(finding, Finding)
    assert "Move to v1beta2 or v1beta1 (" in finding.message
    assert finding.fix == "--migrate-apis"


ALERT = (
    "apiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: a}\n"
    "spec: {providerRef: {name: p}, eventSources: [{kind: Deployment, name: f}]}\n"
)
RECEIVER = (
    "apiVersion: notification.toolkit.fluxcd.io/v1\nkind: Receiver\nmetadata: {name: a}\n"
    "spec: {type: generic, secretRef: {name: s}, resources: [{kind: Deployment, name: f}]}\n"
)


@pytest.mark.parametrize("text", [ALERT, RECEIVER], ids=["Alert", "Receiver"])
@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("FluxInstance", 0),
        ("ResourceSet", 0),
        ("ResourceSetInputProvider", 0),
        ("FluxReport", 1),
        ("Deployment", 1),
    ],
)
def test_kinds_that_flux_operator_adds_to_a_crd_are_no_fault(
    text: str, kind: str, wrong: int
) -> None:
    assert len(judged("FB204", text.replace("Deployment", kind), "2.4.0")) == wrong


@pytest.mark.parametrize(
    "text",
    [ALERT, release_at("v2", "  interval: 5 min\n"), release_at("v2", "  wrong: 1\n")],
    ids=["one of", "pattern", "field"],
)
def test_the_same_fault_at_another_release_is_no_new_one(text: str) -> None:
    """A bump is not refused for what its base has too; each release says it in its own words."""
    found = [one for r in ("2.4.0", "2.7.5") for one in judged("FB204", text, r)]
    old, new = (one for one in found if isinstance(one, Finding))
    assert old.message != new.message
    assert identity(old) == identity(new)


CLUSTERS = {"clusters/a/up.sh": script("2.6.4"), "clusters/b/up.sh": script("2.7.5")}


@pytest.mark.parametrize("code", ["FB203", "FB205"])
def test_no_command_takes_clusters_of_several_releases_to_one(code: str) -> None:
    """`fluxbump to 2.6.4` would lead the other cluster down."""
    manifest = release_at("v2beta2" if code == "FB205" else "v2beta1")
    folder = "clusters/a" if code == "FB205" else "clusters/b"
    at, alone = f"{folder}/r.yaml", {f"{folder}/up.sh": CLUSTERS[f"{folder}/up.sh"]}
    for files, told in ((CLUSTERS, False), (alone, True)):
        held = examine(snapshot({**files, at: manifest}), Settings(), chart_index()).evidence
        (found,) = rules.judge(held, (code,)).findings
        assert found.location.path == at
        assert ("--migrate-apis)" in found.message) is told
