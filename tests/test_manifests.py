"""What releases ship, read from manifests and charts; and what nobody should have to read."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fixtures import generate
from fixtures import manifests as made
from fluxbump.errors import IndexSourceError
from fluxbump.flux import chart_templates, install_manifest
from fluxbump.flux.install_manifest import Shipped
from fluxbump.flux.tables import crds, fields, images
from fluxbump.flux.tables.fields import INT_OR_STRING, Field
from fluxbump.helm import archive

KNOWN = list(crds.crds())
NAME = "buckets.source.toolkit.fluxcd.io"
BUCKET = f"""\
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {NAME}
spec:
  group: source.toolkit.fluxcd.io
  names:
    kind: Bucket
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
"""


def expected(release: str) -> Mapping[tuple[str, str], Mapping[str, Field]]:
    """The fields that the table has for a release, without what it says of other releases."""
    found = {}
    for crd in crds.crds()[release].values():
        for one in crd.versions:
            schema = fields.fields(release, crd.kind, f"{crd.group}/{one.name}")
            assert schema is not None
            bare = {p: replace(f, since=None, until=None) for p, f in schema.all().items()}
            found[schema.api_version, crd.kind] = bare
    return found


def install(text: str | bytes) -> Shipped:
    return install_manifest.install(
        text if isinstance(text, bytes) else text.encode(), "install.yaml"
    )


def refused(data: str | bytes) -> str:
    with pytest.raises(IndexSourceError) as caught:
        install(data)
    message = str(caught.value)
    assert message.startswith("install.yaml: not a usable release manifest: ")
    assert "\n" not in message
    return message.removeprefix("install.yaml: not a usable release manifest: ")


# --- what is there ----------------------------------------------------------------------------


@pytest.mark.parametrize("release", KNOWN)
def test_a_manifest_gives_back_what_the_tables_hold(release: str) -> None:
    found = install(made.install(release))
    assert found.crds == crds.crds()[release]
    assert found.fields == expected(release)
    assert found.controllers == images.controllers(release)
    assert (found.release, found.source) == (release, "install.yaml")


@pytest.mark.parametrize("release", ["2.0.0", "2.4.0", "2.7.5", "2.9.4"])
def test_the_templates_of_a_chart_say_the_same_as_the_manifest(release: str) -> None:
    found = install_manifest.chart(made.templates(release), "flux2")
    assert found.crds == crds.crds()[release]
    assert found.fields == expected(release)
    assert found.release is None


@pytest.mark.parametrize(("chart", "release"), [("2.13.0", "2.3.0"), ("2.17.2", "2.7.5")])
def test_a_chart_archive_says_what_it_ships(chart: str, release: str) -> None:
    packed = archive.read_chart(generate.chart_archive(chart, app_version=release))
    found = install_manifest.chart(packed.files, "flux2")
    assert found.crds == crds.crds()[release]
    assert found.controllers == images.controllers(release)
    assert found.fields["helm.toolkit.fluxcd.io/v2", "HelmRelease"] == {"spec": Field(open=True)}


def test_a_bom_other_objects_and_other_groups_do_not_matter() -> None:
    other = BUCKET.replace("source.toolkit.fluxcd.io", "example.org")
    text = f"\ufeff# comment\n---\nkind: Namespace\n---\n[\n---\n{other}{BUCKET}{BUCKET}"
    assert set(install(text).crds) == {NAME}


def test_what_a_schema_says() -> None:
    spec = """
            properties:
              count: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}]}
              labels: {type: object, additionalProperties: {type: string}}
              any: {type: object, additionalProperties: true}
              closed: {type: object, additionalProperties: false}
              list: {type: array, items: {type: object, required: [a], properties: {a: {}}}}
              values: {x-kubernetes-preserve-unknown-fields: true}
              kind: {type: string, enum: [A, "B"], pattern: ^x$}
            required: [kind, gone]
"""
    found = install(BUCKET.rstrip("\n") + spec).fields["source.toolkit.fluxcd.io/v1", "Bucket"]
    assert found == {
        "spec": Field("object"),
        "spec.count": Field(INT_OR_STRING),
        "spec.labels": Field("object"),
        "spec.labels{}": Field("string"),
        "spec.any": Field("object"),
        "spec.any{}": Field(),
        "spec.closed": Field("object"),
        "spec.list": Field("array"),
        "spec.list[]": Field("object"),
        "spec.list[].a": Field(required=True),
        "spec.values": Field(open=True),
        "spec.kind": Field("string", ("A", "B"), "^x$", required=True),
    }


def test_images_by_the_last_part_of_their_name() -> None:
    text = """\
---
kind: Deployment
spec: {template: {spec: {containers: [
  {image: "mirror.example.org:5000/x/source-controller:v1.2.3@sha256:00"},
  {image: "ghcr.io/fluxcd/source-watcher:v2.0.0"}, {image: "sidecar:v1"}, {image: [a]}, 1,
  {image: "helm-controller"}]}}}
---
kind: Deployment
spec: 3
"""
    assert install(BUCKET + text).controllers == {
        "source-controller": "v1.2.3", "source-watcher": "v2.0.0"
    }  # fmt: skip


# --- CRDs with missing parts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (f"  name: {NAME}\n", "  labels: {}\n", "line 1: a CRD has no usable metadata.name"),
        (NAME, '"a\\nb"', "line 1: a CRD has no usable metadata.name"),
        ("  group: source.toolkit.fluxcd.io\n", "", f"the CRD {NAME} has no spec.group"),
        ("    kind: Bucket\n", "    plural: x\n", f"the CRD {NAME} has no spec.names.kind"),
        ("  versions:\n", "  version:\n", f"the CRD {NAME} has no spec.versions"),
        ("  - name: v1\n", "  - x: v1\n", f"the CRD {NAME} has a version without a name"),
        ("    served: true\n", "", f"the CRD {NAME} does not say whether v1 is served"),
        ("storage: true", "storage: yes", f"the CRD {NAME} does not say whether v1 is stored"),
        ("storage: true", "storage: false", f"the CRD {NAME} does not have one version that is st"),
        ("    schema:\n", "    x:\n", f"the CRD {NAME} has no schema for v1"),
        ("openAPIV3Schema:", "openAPI:", f"the CRD {NAME} has no schema for v1"),
        ("          spec:", "          spec: 1\n          y:", "the schema of spec is not an obj"),
        ("          spec:", "          a.b:", "v1: a property has an unusual name"),
        ("  versions:", " versions:", "line 10: it is not YAML: "),
        ("  versions:", "  versions: &a [*a]\n  x:", "line 10: it is not YAML: refers to itself"),
    ],
)
def test_a_crd_with_missing_parts_is_named(old: str, new: str, reason: str) -> None:
    assert old in BUCKET
    assert reason in refused(BUCKET.replace(old, new))


def test_contradictions() -> None:
    other = BUCKET.replace("name: v1", "name: v2")
    assert refused(BUCKET + other) == f"the CRD {NAME} is in it twice, and differs"
    label = f"name: {NAME}\n  labels: {{app.kubernetes.io/version: v"
    one, two = (BUCKET.replace(f"name: {NAME}", f"{label}{n}}}") for n in ("2.1.0", "2.0.0"))
    two = two.replace("buckets", "pails")
    assert refused(one + two) == "it says that it is Flux 2.0.0 and Flux 2.1.0"


@pytest.mark.parametrize("text", ["", "<html>not found</html>", "kind: List", "- a", "a: [", "\0"])
def test_what_is_no_manifest(text: str) -> None:
    assert refused(text) == "it defines no custom resource of Flux"


def test_what_is_not_text() -> None:
    assert refused(b"\xff\xfe") == "it is not UTF-8"


# --- bounds -----------------------------------------------------------------------------------

_PROPERTIES = "        properties:\n          spec:\n            type: object\n"


def with_schema(schema: str) -> str:
    assert _PROPERTIES in BUCKET
    return BUCKET.replace(_PROPERTIES, schema)


def _bomb(what: str) -> str:
    """A schema that is endless by aliases: each level has ten of the one before."""
    lines = ["        x: &x0 {type: string}\n"]
    for n in range(1, 30):
        inner = ", ".join(f"k{i}: *x{n - 1}" for i in range(10))
        lines.append(f"        y{n}: &x{n} {{type: object, {what}: {{{inner}}}}}\n")
    return with_schema("".join([*lines, "        properties: {spec: *x29}\n"]))


def _nested(depth: int) -> str:
    inner = "{properties: {a: " * depth + "{}" + "}}" * depth
    return with_schema(f"        properties: {{spec: {inner}}}\n")


def _items() -> str:
    lines = ["        x: &x0 {type: string}\n"]
    lines += [f"        y{n}: &x{n} {{items: *x{n - 1}}}\n" for n in range(1, 5000)]
    return with_schema("".join([*lines, "        properties: {spec: *x4999}\n"]))


def _required() -> str:
    many = ", ".join(f"r{i}" for i in range(20_000))
    keys = ", ".join(f"k{i}: {{type: object, required: *r}}" for i in range(20_000))
    return with_schema(
        f"        r: &r [{many}]\n        properties: {{spec: {{properties: {{{keys}}}}}}}\n"
    )


def _long_names() -> str:
    key = "n" * 900
    inner = f"{{properties: {{{key}: {{properties: {{{key}: {{}}}}}}}}}}"
    return with_schema(f"        properties: {{spec: {inner}}}\n")


_MIB = 1 << 20
_HOSTILE: list[tuple[str, Callable[[], str], str]] = [
    ("an alias bomb", lambda: _bomb("properties"), "its schema is too large"),
    ("deep flow", lambda: _nested(500), "nested too deeply"),
    ("deep by aliases", _items, "its schema is nested too deeply"),
    ("required by aliases", _required, "its schema is too large"),
    ("long names", _long_names, "its schema is nested too deeply"),
    ("many documents", lambda: "---\n" * 3_000_000, "more than 2,000 documents"),
    ("many definitions", lambda: BUCKET * 3_000, "more than 2,000 documents"),
    ("a huge document", lambda: BUCKET + "  x: [a,b,c]\n" * 1_000_000, "too large for the man"),
    ("many keys", lambda: BUCKET + "".join(f"  k{i}:\n" for i in range(900_000)), "too large for"),
    ("broken late", lambda: BUCKET + "  a: b\n" * 20_000 + "  ]", "it is not YAML: "),
    ("very large", lambda: " " * (33 * _MIB), "it takes more than 32 MiB"),
    ("one long line", lambda: BUCKET + "x: " + "y" * (2 * _MIB) + " ]: [", "it is not YAML: "),
]


@pytest.mark.parametrize(
    ("make", "reason"), [case[1:] for case in _HOSTILE], ids=[case[0] for case in _HOSTILE]
)
def test_hostile_manifests_end_in_bounded_memory(make: Callable[[], str], reason: str) -> None:
    data = make().encode()
    tracemalloc.start()
    try:
        assert reason in refused(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300 * _MIB


def test_shared_schemas_are_no_bomb() -> None:
    """Aliases are in order as long as what they stand for is of a usual size."""
    schema = (
        "        x: &x {type: string}\n        properties: {spec: {properties: {a: *x, b: *x}}}\n"
    )
    found = install(with_schema(schema)).fields["source.toolkit.fluxcd.io/v1", "Bucket"]
    assert found["spec.a"] == found["spec.b"] == Field("string")


@given(st.text(max_size=300), st.integers(0, len(BUCKET)), st.integers(0, 40))
def test_any_text_is_read_or_refused(text: str, at: int, gone: int) -> None:
    damaged = f"{BUCKET[:at]}{text}{BUCKET[at + gone :]}".encode("utf-8", "surrogatepass")
    with contextlib.suppress(IndexSourceError):
        assert install_manifest.install(damaged, "x").crds


# --- charts -----------------------------------------------------------------------------------


def chart(files: Mapping[str, str]) -> Shipped:
    return install_manifest.chart(
        {path: text.encode() for path, text in files.items()}, "flux2 9.9.9"
    )


def chart_refused(files: Mapping[str, str]) -> str:
    with pytest.raises(IndexSourceError) as caught:
        chart(files)
    message = str(caught.value)
    assert message.startswith("flux2 9.9.9: not a usable chart: ")
    return message.removeprefix("flux2 9.9.9: not a usable chart: ")


def test_only_templates_and_crds_of_a_chart_are_read() -> None:
    broken = "kind: CustomResourceDefinition\na: ["
    files = {"README.md": broken, "charts/x/templates/a.yaml": broken, "crds/bucket.yaml": BUCKET}
    assert set(chart(files).crds) == {NAME}
    assert chart_refused({"templates/a.yaml": broken}).startswith("templates/a.yaml, line 3: ")
    assert chart_refused({"values.yaml": "a: 1"}) == "it defines no custom resource of Flux"


def test_a_problem_in_a_chart_has_its_place() -> None:
    text = "\n" * 4 + BUCKET.replace("kind: Bucket", "kind: {{ .Values.kind")
    where = "templates/x.yaml, line 13: a template action does not end"
    assert chart_refused({"templates/x.yaml": text}) == where
    broken = f"{{{{- if .x }}}}\n{BUCKET}a: [\n{{{{- end }}}}\n"
    assert chart_refused({"templates/x.yaml": broken}).startswith(
        "templates/x.yaml, line 23: it is"
    )


def test_values_of_a_chart_are_bounded() -> None:
    many = "x: &x {" + ", ".join(f"k{i}: 1" for i in range(20_000)) + "}\n"
    many += "".join(f"a{i}: *x\n" for i in range(20_000))
    ours = "ours:\n  image: x/source-controller\n  tag: v1.0.0@sha256:00\n"
    files = {"crds/a.yaml": BUCKET, "values.yaml": ours + many}
    assert chart(files).controllers == {"source-controller": "v1.0.0"}
    assert "values.yaml: it is too large" in chart_refused(
        {**files, "values.yaml": "a: b\n" * 200_000}
    )


@pytest.mark.parametrize(
    ("template", "plain"),
    [
        ("a: b", "a: b"),
        ("{{- if .x }}\na: b\n{{- end }}", "\na: b\n"),
        ("a: {{ .x }}", "a: templated"),
        ('a: "{{ .x | default "}}" }}"', 'a: "templated"'),
        ("a: {{ `}}` }}-{{ .x }}", "a: templated-templated"),
        ("{{/* it's \"\n}} a */}}\na: b", "\n\na: b"),
        ("  {{ toYaml . | nindent 2 }}  \na: b", "\na: b"),
        ("{{- $x := 1 -}}{{ with .y }}a: {{ $x }}{{ end }}", "a: templated"),
        ("a: {{ if .x }}b{{ else }}c{{ end }}", "a: bc"),
        ("a: }} b", "a: }} b"),
        ("a: {{ {{ }}", "a: templated"),
    ],
)
def test_templates_as_yaml(template: str, plain: str) -> None:
    assert chart_templates.plain(template) == plain
    assert chart_templates.plain(template).count("\n") == template.count("\n")


@pytest.mark.parametrize("text", ["a\n{{", '{{ "a }}', "{{ `a }}", '{{ "a\n" }}', "{{ } "])
def test_a_template_action_has_to_end(text: str) -> None:
    with pytest.raises(chart_templates.TemplateError, match="a template action does not end"):
        chart_templates.plain(text)


@pytest.mark.parametrize("piece", ["{{", "{{ x }}", '{{ "', "{{/*", "}}", "{{ ` }}", " \ufffc"])
def test_large_templates_are_read_or_refused(piece: str) -> None:
    with contextlib.suppress(chart_templates.TemplateError):
        assert "{{" not in chart_templates.plain(piece * (2 * _MIB // len(piece)))
