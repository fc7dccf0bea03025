"""`gotk-components.yaml`: what is read from it, and how it is made again with its options."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.installs import gotk as fixture
from fixtures.installs.gotk import Options
from fluxbump.check.rules.gotk import one_release
from fluxbump.check.rules.rule import Evidence, NotRun
from fluxbump.errors import IndexSourceError
from fluxbump.flux import gotk, gotk_options, gotk_source
from fluxbump.flux.gotk import GotkManifest
from fluxbump.flux.gotk_options import Difference, IrreproducibleError
from fluxbump.model import Finding, Form, Severity
from tests.helpers import URL, brief, find

RELEASES = ("2.4.0", "2.5.1", "2.7.5", "2.8.5")
"""Before and behind each change of what the CLI writes: labels of pods, addresses, a component."""

TEXT = fixture.components("2.4.0")
PATH = "clusters/a/flux-system/gotk-components.yaml"


def read(text: str) -> GotkManifest:
    manifest = gotk.read(text)
    assert manifest is not None
    return manifest


@cache
def full(release: str) -> GotkManifest:
    return read(fixture.full(release))


# --- reading ----------------------------------------------------------------------------------


def test_what_is_read() -> None:
    manifest = read(TEXT)
    lines = TEXT.split("\n")
    assert (manifest.version, manifest.line, manifest.tagged) == ("2.4.0", 3, True)
    assert TEXT[manifest.start :].startswith("2.4.0\n# Components: ")
    assert manifest.components == fixture.DEFAULT
    assert len(manifest.parts) == TEXT.count("\n---\n") + 1
    assert {label.value for label in manifest.labels} == {"v2.4.0"}
    assert [lines[label.line - 1].split() for label in manifest.labels] == [
        ["app.kubernetes.io/version:", "v2.4.0"]
    ] * TEXT.count("app.kubernetes.io/version: ")
    assert [(one.name, one.tag, one.registry) for one in manifest.images] == [
        ("source-controller", "v1.4.1", "ghcr.io/fluxcd"),
        ("kustomize-controller", "v1.4.0", "ghcr.io/fluxcd"),
        ("helm-controller", "v1.1.0", "ghcr.io/fluxcd"),
        ("notification-controller", "v1.4.0", "ghcr.io/fluxcd"),
    ]
    for image in manifest.images:
        assert f"image: {image.registry}/{image.name}:{image.tag}" in lines[image.line - 1]


OBJECT = TEXT.split("---\n")[1]
NO_HEAD = "".join(line for line in OBJECT.splitlines(keepends=True) if not line.startswith("#"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# This file is written by flux bootstrap.\n",
        NO_HEAD,
        f"a: b\n---\n{OBJECT}",
        OBJECT.replace("part-of: flux", "part-of: other"),
        OBJECT.replace("app.kubernetes.io/version", "version"),
        OBJECT.partition("apiVersion")[0],
        OBJECT.replace("# Flux Version: v2.4.0", "# Flux Version:"),
    ],
)
def test_what_is_none(text: str) -> None:
    assert gotk.read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"\ufeff# of the platform team\n\n{TEXT}",
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("app.kubernetes.io/version: v2.4.0", 'app.kubernetes.io/version: "v2.4.0"'),
        TEXT.removeprefix("---\n"),
        OBJECT,
    ],
)
def test_what_is_one(text: str) -> None:
    assert (read(text).version, read(text).components) == ("2.4.0", fixture.DEFAULT)
    assert text[read(text).start :].startswith("2.4.0")


def test_objects_of_others_in_the_file_are_not_judged() -> None:
    other = "---\nkind: Deployment\nmetadata:\n  labels:\n    app.kubernetes.io/version: v9.9.9\n"
    assert {label.value for label in read(TEXT + other).labels} == {"v2.4.0"}


def test_what_a_schema_says_is_no_label() -> None:
    said = "description: |\n          app.kubernetes.io/version: v1.0.0\n"
    text = TEXT.replace("description: Bucket of the fixtures in flux-system\n", said)
    assert text != TEXT
    assert {label.value for label in read(text).labels} == {"v2.4.0"}


def test_one_of_2021_is_one() -> None:
    text = TEXT.replace("# Flux Version: ", "# Flux version: ").replace(
        "app.kubernetes.io/part-of: flux", "app.kubernetes.io/instance: flux-system"
    )
    assert text.count("part-of") == 0
    assert brief(find({PATH: text}).pins) == ["3 gotk-components flux 2.4.0"]
    assert list(read(text).labels) == list(read(TEXT).labels)


@pytest.mark.parametrize("name", [PATH, "infra/flux.yaml", "a/b.yml", "flux.yaml.tmpl"])
def test_the_name_of_the_file_does_not_matter(name: str) -> None:
    assert brief(find({name: TEXT}).pins) == ["3 gotk-components flux 2.4.0"]


@pytest.mark.parametrize("name", ["docs/install.md", "cmd/main.go", "x.patch"])
def test_texts_that_nothing_applies_are_none(name: str) -> None:
    assert find({name: TEXT}).pins == ()


def test_images_behind_another_registry_are_found_too() -> None:
    text = fixture.components("2.4.0", Options(registry="registry.example.org/mirror"))
    assert brief(find({"x.yaml": text}).pins) == ["3 gotk-components flux 2.4.0"]


@pytest.mark.parametrize("version", ["latest", "${FLUX_VERSION}", "v2.4"])
def test_a_head_without_a_release_is_a_note(version: str) -> None:
    found = find({PATH: TEXT.replace("Version: v2.4.0", f"Version: {version}")})
    assert found.pins == ()
    (note,) = found.notes
    named = version.removeprefix("v")
    assert f"{note.location} {note.message}" == (
        f"{PATH}:3 the manifest names {named}, which is not a release"
    )


# --- making again -----------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z])?", fullmatch=True)
KEYS = st.from_regex(r"([a-z]{1,5}\.)?[a-zA-Z]{3,9}(/[a-z]{3,9})?", fullmatch=True).filter(
    lambda key: key.lower() not in ("true", "false", "null", "yes", "off")
)


@st.composite
def options(draw: st.DrawFn, release: str) -> Options:
    """Any options that `flux install` takes, but for texts that YAML would quote."""
    some = st.sampled_from(fixture.every_component(release))
    return Options(
        components=tuple(draw(st.lists(some, min_size=1, unique=True))),
        namespace=draw(st.just("flux-system") | NAMES.filter(lambda name: len(name) > 3)),
        registry=draw(st.sampled_from(["ghcr.io/fluxcd", "localhost:5000", "r.example.org/a/b"])),
        network_policy=draw(st.booleans()),
        watch_all_namespaces=draw(st.booleans()),
        log_level=draw(st.sampled_from(["debug", "info", "error"])),
        image_pull_secret=draw(st.just("") | NAMES.filter(lambda name: len(name) > 5)),
        tolerations=tuple(draw(st.lists(KEYS, max_size=3, unique=True))),
        cluster_domain=draw(st.sampled_from(["cluster.local", "k8s.example.org", "local"])),
    )


@pytest.mark.parametrize("release", RELEASES)
@settings(max_examples=30)
@given(data=st.data())
def test_a_manifest_is_made_again_whatever_its_options(release: str, data: st.DataObject) -> None:
    told = data.draw(options(release))
    text = fixture.components(release, told)
    again = gotk_options.reproduce(full(release), gotk_options.options_of(read(text)))
    assert gotk_options.first_difference(text, again) is None


@settings(max_examples=30)
@given(data=st.data())
def test_the_options_lead_to_another_release(data: st.DataObject) -> None:
    """Also to one that writes some of them in another way."""
    told = data.draw(options("2.4.0"))
    held = gotk_options.options_of(read(fixture.components("2.4.0", told)))
    for release in RELEASES[1:]:
        made = gotk_options.reproduce(full(release), held)
        assert gotk_options.first_difference(fixture.components(release, told), made) is None


@settings(max_examples=30)
@given(data=st.data())
def test_no_edit_goes_unnoticed(data: st.DataObject) -> None:
    """A file with one line that is not the release's never comes out of the release."""
    lines = fixture.components("2.4.0", data.draw(options("2.4.0"))).split("\n")
    at = data.draw(st.integers(0, len(lines) - 2))
    change = data.draw(st.sampled_from(["drop", "twice", "comment", "word"]))
    line = lines[at]
    lines[at : at + 1] = {
        "drop": [],
        "twice": [line, line],
        "comment": [line, "# ours"],
        "word": [f"{line}x"],
    }[change]
    text = "\n".join(lines)
    manifest = gotk.read(text)
    if manifest is None or manifest.version != "2.4.0":
        return
    try:
        again = gotk_options.reproduce(full("2.4.0"), gotk_options.options_of(manifest))
    except IrreproducibleError:
        return
    # What is left may be the manifest of other options: then nothing of anybody's is in it.
    assert again != text or fixture.components("2.4.0", _own(manifest)) == text


def _own(manifest: GotkManifest) -> Options:
    held = gotk_options.options_of(manifest)
    return Options(
        components=held.components,
        namespace=held.namespace,
        registry=held.registry,
        network_policy=held.network_policy,
        watch_all_namespaces=held.watch_all_namespaces == "true",
        log_level=held.log_level,
        image_pull_secret=held.image_pull_secret,
        tolerations=held.tolerations,
        cluster_domain=held.cluster_domain,
    )


@pytest.mark.parametrize(
    ("manifest", "wanted", "said"),
    [
        (full("2.4.0"), ("source-watcher",), "it has no source-watcher"),
        (full("2.4.0"), (), "it lists no components"),
        (
            read(fixture.components("2.4.0", Options(network_policy=False))),
            fixture.DEFAULT,
            "it has no network policies",
        ),
        (
            read(fixture.components("2.4.0", Options(namespace="other"))),
            fixture.DEFAULT,
            "it is for the namespace other",
        ),
        (
            read(fixture.components("2.4.0", Options(tolerations=("a",)))),
            fixture.DEFAULT,
            "it has a pull secret or tolerations of its own",
        ),
    ],
)
def test_what_cannot_be_made(manifest: GotkManifest, wanted: tuple[str, ...], said: str) -> None:
    with pytest.raises(IrreproducibleError, match=said):
        gotk_options.reproduce(manifest, gotk_options.InstallOptions(wanted))


@pytest.mark.parametrize(
    ("held", "expected", "found"),
    [
        ("a\nb\n", "a\nb\n", None),
        ("a\nb\nc\n", "a\nB\nc\n", Difference(2, "b", "B")),
        ("a\n", "a\nb\n", Difference(2, None, "b")),
        ("a\nb\n", "a\n", Difference(2, "b", None)),
        ("a", "a\n", Difference(1, "a", "a")),
    ],
)
def test_the_first_difference(held: str, expected: str, found: Difference | None) -> None:
    assert gotk_options.first_difference(held, expected) == found


# --- where manifests come from ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (fixture.full("2.5.1"), "it is not the manifest of v2.4.0: it says v2.5.1"),
        (TEXT.replace("v2.4.0", "v2.5.1", 1), "it says v2.4.0 and v2.5.1"),
        ("<html></html>", "it is not what `flux install --export` writes"),
    ],
)
def test_another_text_is_no_manifest_of_the_release(text: str, said: str) -> None:
    with pytest.raises(IndexSourceError, match=said):
        gotk_source.manifest(text.encode(), "2.4.0", "a place")
    assert gotk_source.manifest(TEXT.encode(), "2.4.0", "a place").version == "2.4.0"


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(IndexSourceError, match="it is not UTF-8"):
        gotk_source.manifest(b"\xff\xfe", "2.4.0", "a place")


def test_the_first_place_that_has_a_manifest_is_taken() -> None:
    asked = []

    def none(release: str, components: tuple[str, ...]) -> tuple[bytes, str]:
        asked.append((release, components))
        raise IndexSourceError("no such file", where="x")

    def one(release: str, components: tuple[str, ...]) -> tuple[bytes, str]:
        return fixture.full(release).encode(), "y"

    texts = gotk_source.Texts((none, one, none))
    assert texts.manifest("2.4.0", fixture.DEFAULT).version == "2.4.0"
    assert asked == [("2.4.0", fixture.DEFAULT)]
    with pytest.raises(IndexSourceError, match="x: no such file; x: no such file"):
        gotk_source.Texts((none, none)).manifest("2.4.0", ())


def test_an_artifact_of_each_release_is_a_place() -> None:
    held = {"flux-system/gotk-components.yaml": fixture.full("2.4.0").encode(), "README": b""}
    read_one = gotk_source.published({"2.4.0": held, "2.5.1": {"a": b""}}.__getitem__, "oci://x/y")
    texts = gotk_source.Texts((read_one,))
    assert texts.manifest("2.4.0", fixture.DEFAULT).version == "2.4.0"
    with pytest.raises(IndexSourceError, match=r"oci://x/y:v2.5.1: it has no gotk-components.yaml"):
        texts.manifest("2.5.1", fixture.DEFAULT)


# --- one release in one file ------------------------------------------------------------------


def judged(text: str) -> list[tuple[str, str, str, int]]:
    found = list(one_release(Evidence(find({PATH: text}))))
    assert all(isinstance(one, Finding) for one in found)
    return [
        (one.severity, str(one.location), one.message, one.related[0].location.line)
        for one in found
        if isinstance(one, Finding)
    ]


def test_a_file_of_one_release() -> None:
    assert judged(TEXT) == []


def test_labels_without_v_are_of_the_same_release() -> None:
    assert judged(TEXT.replace("version: v2.4.0", "version: 2.4.0")) == []


def test_labels_of_another_release() -> None:
    line = TEXT.split("\n").index("    app.kubernetes.io/version: v2.4.0") + 1
    count = TEXT.count("app.kubernetes.io/version: v2.4.0")
    assert judged(TEXT.replace("version: v2.4.0", "version: v2.3.0")) == [
        (
            Severity.ERROR,
            f"{PATH}:3",
            f"the head says Flux v2.4.0, but {count} labels say v2.3.0 (the first in line {line})",
            line,
        )
    ]
    (one,) = judged(TEXT.replace("version: v2.4.0", "version: v2.3.0", 1))
    assert "but 1 label says v2.3.0" in one[2]


def test_an_image_of_another_release() -> None:
    line = next(n for n, one in enumerate(TEXT.split("\n"), 1) if "source-controller:v1.4.1" in one)
    assert judged(TEXT.replace("source-controller:v1.4.1", "source-controller:v1.5.0")) == [
        (
            Severity.ERROR,
            f"{PATH}:3",
            (
                "the head says Flux v2.4.0, but the image is source-controller:v1.5.0, which "
                "belongs to Flux 2.5.0 and 2.5.1. Flux 2.4.0 ships v1.4.1"
            ),
            line,
        )
    ]


def test_a_digest_behind_the_tag_says_nothing() -> None:
    digest = f"source-controller:v1.4.1@sha256:{'0' * 64}"
    assert judged(TEXT.replace("source-controller:v1.4.1", digest)) == []


def test_a_rebuilt_image_is_a_note() -> None:
    (one,) = judged(TEXT.replace("source-controller:v1.4.1", "source-controller:v1.4.1-fips"))
    assert one[0] == Severity.NOTE
    assert "the image is source-controller:v1.4.1-fips, which no known release ships" in one[2]


def test_a_release_that_nobody_knows() -> None:
    (one,) = one_release(Evidence(find({PATH: TEXT.replace("v2.4.0", "v2.99.0")})))
    assert one == NotRun("FB116", "not known which images Flux 2.99.0 ships")


def test_the_kind_holds_an_exact_version() -> None:
    (pin,) = find({PATH: TEXT, "a.md": URL.format("2.4.0")}).pins
    assert (pin.form, TEXT[pin.start : pin.end]) == (Form.EXACT, "2.4.0")
