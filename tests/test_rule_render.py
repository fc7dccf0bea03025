import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures import facts, generate, states
from fluxbump.check import gather
from fluxbump.check.evidence_parts import NO_WRAPPER, Team, needed
from fluxbump.check.rendering.chart_files import Fetch
from fluxbump.check.rules.pages import page
from fluxbump.check.rules.rendered_chart import CORE, RULES
from fluxbump.check.rules.rule import Evidence, NotRun, Outcome, Render, Rule
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.errors import IndexSourceError
from fluxbump.flux.tables.images import controllers
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm.binary import KUBE_VERSION, ChartRefusedError, Helm, find
from fluxbump.helm.rendered import RenderedObject
from fluxbump.model import Finding, Inventory, Location
from tests.rendered import render

CHART = "platform/flux/chart/"
WRAPPER = f"{CHART}Chart.yaml"
VALUES = f"{CHART}values.yaml"
PLACE = f"{CHART}charts/flux2-2.14.1.tgz"
DEPENDENCY = '    version: "2.14.1"\n'

FB105, FB106 = RULES
Files = dict[str, bytes]


# --- the rules alone -------------------------------------------------------------------------

SHIPPED = controllers("2.4.0")


def deployment(name: str, image: str) -> RenderedObject:
    return RenderedObject("apps/v1", "Deployment", name, (image,))


GOOD = Render(
    WRAPPER,
    "v3.17.3",
    tuple(deployment(name, f"ghcr.io/fluxcd/{name}:{tag}") for name, tag in SHIPPED.items()),
    images=SHIPPED,
)


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return discover(MemorySnapshot(states.files()), Scope())


def judged(inventory: Inventory, one: Render, rule: int = 0) -> list[Outcome]:
    return list(RULES[rule].judge(Evidence(inventory, renders=(one,))))


def with_object(*objects: RenderedObject) -> Render:
    names = {one.name for one in objects}
    kept = tuple(one for one in GOOD.objects if one.name not in names)
    return replace(GOOD, objects=kept + objects)


def test_a_good_render_is_clean(inventory: Inventory) -> None:
    assert judged(inventory, GOOD, 0) == judged(inventory, GOOD, 1) == []


@pytest.mark.parametrize("rule", [0, 1])
def test_what_was_not_rendered_has_not_passed(inventory: Inventory, rule: int) -> None:
    code = RULES[rule].code
    why = NotRun(code, "rendering was not asked for")
    assert list(RULES[rule].judge(Evidence(inventory))) == [why]
    nothing = NotRun(code, "no chart here depends on flux2, so there is nothing to render")
    assert list(RULES[rule].judge(Evidence(Inventory(), renders=NO_WRAPPER))) == [nothing]
    none = Render(WRAPPER, not_run="helm is not installed")
    assert judged(inventory, none, rule) == [NotRun(code, f"{WRAPPER}: helm is not installed")]


@pytest.mark.parametrize(
    ("message", "related"),
    [
        ("template: bp-flux/templates/a.yaml:3:5: executing", [("templates/a.yaml", 3)]),
        ("bp-flux/templates/a.yaml:3:5 executing", [("templates/a.yaml", 3)]),
        ("parse error at (bp-flux/templates/b/_c.tpl:7): x", [("templates/b/_c.tpl", 7)]),
        ("YAML parse error on bp-flux/templates/a.yaml: error", [("templates/a.yaml", 1)]),
        ("template: bp-flux/charts/flux2/templates/a.yaml:3:5: executing", []),
        ("template: my-bp-flux/templates/a.yaml:3:5: executing", []),
        ("cannot load values.yaml", []),
    ],
)
def test_a_refusal_is_found_at_the_chart_and_at_the_template(
    inventory: Inventory, message: str, related: list[tuple[str, int]]
) -> None:
    refused = Render(WRAPPER, "v3.17.3", error=message)
    (finding,) = judged(inventory, refused)
    assert isinstance(finding, Finding)
    assert finding.message == f"does not render with its default values: {message}"
    assert finding.location == Location(WRAPPER, 1)
    assert [one.location for one in finding.related] == [
        Location(f"{CHART}{path}", line) for path, line in related
    ]
    assert judged(inventory, refused, 1) == [
        NotRun("FB106", f"{WRAPPER}: it does not render (FB105)")
    ]


@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize(
    "instead",
    [
        ("v1", "ServiceAccount"),
        ("apps/v1", "StatefulSet"),
        ("example.org/v1", "Deployment"),
    ],
)
def test_every_core_controller_is_a_deployment(
    inventory: Inventory, name: str, instead: tuple[str, str]
) -> None:
    (finding,) = judged(inventory, with_object(RenderedObject(*instead, name)))
    assert isinstance(finding, Finding)
    assert finding.message == f"the default render holds no Deployment {name}"
    text = states.files()[WRAPPER].decode()
    assert text.splitlines()[finding.location.line - 1] == DEPENDENCY.strip("\n")


def test_the_image_controllers_may_be_off(inventory: Inventory) -> None:
    kept = tuple(one for one in GOOD.objects if one.name in CORE)
    assert judged(inventory, replace(GOOD, objects=kept)) == []


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.org:5000/mirror/source-controller:v1.4.1",
        "source-controller:v1.4.1@sha256:00ff",
        "registry.example.org/our-flux-source:v1.4.1",
    ],
)
def test_the_tag_counts_wherever_the_image_comes_from(inventory: Inventory, image: str) -> None:
    assert judged(inventory, with_object(deployment("source-controller", image))) == []


@pytest.mark.parametrize(
    ("images", "named"),
    [
        (["ghcr.io/fluxcd/source-controller:v1.3.0"], "ghcr.io/fluxcd/source-controller:v1.3.0,"),
        (["registry:5000/source-controller"], "registry:5000/source-controller, which has no tag"),
        (["registry.example.org/our-flux-source:v1.3.0"], "our-flux-source:v1.3.0,"),
        (["proxy:v1.4.1", "x/source-controller:v1.3.0"], "x/source-controller:v1.3.0,"),
        ([], "image (none), which has no tag"),
        ([""], "image (none), which has no tag"),
    ],
)
def test_another_tag_is_named_beside_the_right_one(
    inventory: Inventory, images: list[str], named: str
) -> None:
    changed = RenderedObject("apps/v1", "Deployment", "source-controller", tuple(images))
    (finding,) = judged(inventory, with_object(changed))
    assert isinstance(finding, Finding)
    assert finding.code == "FB105"
    assert named in finding.message
    assert finding.message.endswith("but the release ships v1.4.1")


def test_a_sidecar_and_an_init_container_are_left_alone(inventory: Inventory) -> None:
    images = ("busybox:1", "x/source-controller:v1.4.1", "proxy")
    pod = RenderedObject("apps/v1", "Deployment", "source-controller", images)
    assert judged(inventory, with_object(pod)) == []


def test_each_of_two_deployments_counts(inventory: Inventory) -> None:
    twice = [deployment("source-controller", f"source-controller:{tag}") for tag in ("v1.4.1", "x")]
    assert len(judged(inventory, with_object(*twice))) == 1


def test_what_cannot_be_compared_has_not_passed(inventory: Inventory) -> None:
    image = "ghcr.io/fluxcd/source-controller@sha256:00ff"
    (digest,) = judged(inventory, with_object(deployment("source-controller", image)))
    assert isinstance(digest, NotRun)
    assert "has a digest and no tag" in digest.reason
    (unknown,) = judged(inventory, replace(GOOD, images={}))
    assert isinstance(unknown, NotRun)
    assert "not known, so their tags were not compared" in unknown.reason


@pytest.mark.parametrize(
    "api_version",
    [
        "v1",
        "apps/v1",
        "rbac.authorization.k8s.io/v1",
        "flowcontrol.apiserver.k8s.io/v1",
        "source.toolkit.fluxcd.io/v1",
        "source.extensions.fluxcd.io/v1beta1",
        "allowed.example.org/v1",
        "management.cattle.io/v3",
        "defined.example.org/v1",
    ],
)
def test_groups_that_a_fresh_cluster_has(inventory: Inventory, api_version: str) -> None:
    objects = (
        RenderedObject(api_version, "Thing", "x"),
        RenderedObject(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.defined.example.org"
        ),
    )
    one = Render(WRAPPER, "v3.17.3", objects)
    allowed = ("allowed.example.org", "*.cattle.io")
    assert not list(
        FB106.judge(Evidence(inventory, renders=(one,), team=Team(allowed_groups=allowed)))
    )


@pytest.mark.parametrize(
    "group",
    [
        "monitoring.coreos.com",
        "snapshot.storage.k8s.io",
        "gateway.networking.k8s.io",
        "extensions",
        "toolkit.fluxcd.io.example.org",
        "fluxcd.controlplane.io",
    ],
)
def test_groups_that_a_fresh_cluster_lacks(inventory: Inventory, group: str) -> None:
    foreign = RenderedObject(f"{group}/v1", "PodMonitor", "bp-flux")
    (finding,) = judged(inventory, with_object(foreign, foreign), 1)
    assert isinstance(finding, Finding)
    assert f"holds PodMonitor bp-flux of {group}, an API" in finding.message
    assert finding.location == Location(VALUES, 1)


def test_without_values_a_foreign_kind_is_found_at_the_chart() -> None:
    foreign = Render("Chart.yaml", objects=(RenderedObject("example.org/v1", "A", "a"),))
    (finding,) = judged(Inventory(), foreign, 1)
    assert isinstance(finding, Finding)
    assert finding.location == Location("Chart.yaml", 1)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_page(rule: Rule) -> None:
    text = page(rule.code)
    assert text.startswith(f"# {rule.code} {rule.slug}\n")
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["Why", "Bad", "Good", "Fix", "When it is not run"]
    assert max(map(len, text.splitlines())) <= 100


def test_the_page_names_the_kubernetes_that_is_rendered_for() -> None:
    assert f"renders for Kubernetes {KUBE_VERSION.rpartition('.')[0]}." in page("FB105")


# --- the table of controllers ----------------------------------------------------------------


def test_the_table_says_what_the_fixtures_say() -> None:
    known = json.loads(facts.SOURCE.read_text("utf-8"))["releases"]
    assert len(known) > 20
    for release, fact in known.items():
        assert controllers(release) == fact["controllers"]


def test_a_release_that_is_not_in_the_table() -> None:
    assert controllers("2.99.0") == controllers("v2.4.0") == controllers("") == {}


# --- rendering -------------------------------------------------------------------------------


@pytest.fixture
def files() -> Files:
    """Give the monorepo with the archive of its flux2."""
    return {**states.files(), PLACE: generate.chart_archive("2.14.1")}


def gathered(files: Mapping[str, bytes], helm: Helm | None, fetch: Fetch | None = None) -> Evidence:
    snapshot = MemorySnapshot(files)
    inventory = discover(snapshot, Scope())
    held = gather.snapshot_files(snapshot, inventory)
    renders = gather.begin_renders(
        lambda *what: partial(render, what[0], what[1], what[2], fetch, helm), held
    )
    assert renders is not None
    return replace(gather.gather(held, IndexSourceError("no index")), renders=renders())


def outcomes(gathered: Evidence) -> list[Outcome]:
    return [one for rule in RULES for one in rule.judge(gathered)]


def changed(files: Files, path: str, old: str, new: str) -> None:
    assert files[path].count(old.encode()) == 1
    files[path] = files[path].replace(old.encode(), new.encode())


class Spy(Helm):
    """Renders nothing, and remembers what it was given."""

    def __init__(self, output: str = "", error: BaseException | None = None) -> None:
        super().__init__("spy")
        self.output, self.error = output, error
        self.seen: dict[str, bytes] = {}

    def version(self) -> str:
        return "v9.9.9"

    @contextmanager
    def begin(self, chart_dir: Path, *_: object, **__: object) -> Iterator[Callable[[], str]]:
        paths = [path for path in chart_dir.rglob("*") if path.is_file()]
        self.seen = {path.relative_to(chart_dir).as_posix(): path.read_bytes() for path in paths}
        assert b"HelmVersion" in self.seen.pop("templates/fluxbump-asks-helm.yaml")
        yield self._say

    def _say(self) -> str:
        if self.error:
            raise self.error
        return self.output


def spied(files: Files, fetch: Fetch | None = None) -> tuple[Spy, Render]:
    spy = Spy()
    (one,) = needed(gathered(files, spy, fetch).renders)
    return spy, one


@pytest.mark.parametrize("state", ["aligned", "incident"])
def test_the_fixture_renders_and_is_clean(helm: Helm, scratch: Path, state: states.State) -> None:
    version = {"aligned": "2.14.1", "incident": "2.13.0"}[state]
    files = states.files(state)
    files[f"{CHART}charts/flux2-{version}.tgz"] = generate.chart_archive(version)
    found = gathered(files, helm)
    (one,) = needed(found.renders)
    assert outcomes(found) == []
    assert one.helm == helm.version()
    assert one.images["source-controller"] == {"2.14.1": "v1.4.1", "2.13.0": "v1.3.0"}[version]
    assert ("v1", "ConfigMap", "bp-flux-provenance") in [
        (found.api_version, found.kind, found.name) for found in one.objects
    ]
    assert list(scratch.iterdir()) == []


def test_a_monitor_by_default_is_a_foreign_kind(helm: Helm, files: Files) -> None:
    changed(files, VALUES, "podMonitor:\n    enabled: false", "podMonitor:\n    enabled: true")
    (finding,) = outcomes(gathered(files, helm))
    assert isinstance(finding, Finding)
    assert finding.code == "FB106"
    assert "PodMonitor bp-flux of monitoring.coreos.com" in finding.message


def test_a_broken_template_is_found_with_helms_words(
    helm: Helm, files: Files, scratch: Path
) -> None:
    files[f"{CHART}templates/x.yaml"] = b"kind: ConfigMap\na: {{ .Values.no.such }}\n"
    finding, not_run = outcomes(gathered(files, helm))
    assert isinstance(finding, Finding)
    assert isinstance(not_run, NotRun)
    assert "nil pointer evaluating interface {}.such" in finding.message
    assert [one.location for one in finding.related] == [Location(f"{CHART}templates/x.yaml", 2)]
    assert list(scratch.iterdir()) == []


def test_a_controller_that_is_switched_off_is_missing(helm: Helm, files: Files) -> None:
    changed(
        files,
        VALUES,
        "  notificationController:\n",
        "  notificationController:\n    create: false\n",
    )
    (finding,) = outcomes(gathered(files, helm))
    assert isinstance(finding, Finding)
    assert finding.message == "the default render holds no Deployment notification-controller"


def test_a_tag_that_was_pinned_by_hand_is_found(helm: Helm, files: Files) -> None:
    changed(files, VALUES, "  sourceController:\n", "  sourceController:\n    tag: v1.3.0\n")
    (finding,) = outcomes(gathered(files, helm))
    assert isinstance(finding, Finding)
    assert "source-controller:v1.3.0, but the release ships v1.4.1" in finding.message


def test_a_dependency_that_is_nowhere_is_named(helm: Helm, files: Files) -> None:
    extra = "  - {name: common, version: 1.0.0, repository: oci://r.example.org/charts}\n"
    files[WRAPPER] += extra.encode()
    (one,) = needed(gathered(files, helm).renders)
    expected = "dependencies are not under charts/: common (run helm dependency build)"
    assert (one.not_run, one.error) == (expected, None)


def test_charts_of_this_repository_are_found(helm: Helm, files: Files) -> None:
    files[WRAPPER] += b"  - {name: common, version: 1.0.0, repository: file://../../common}\n"
    for path, text in {
        "Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.0.0\n",
        "templates/a.yaml": "apiVersion: example.org/v1\nkind: Foreign\nmetadata: {name: a}\n",
    }.items():
        files[f"platform/common/{path}"] = text.encode()
    (finding,) = outcomes(gathered(files, helm))
    assert isinstance(finding, Finding)
    assert "Foreign a of example.org" in finding.message


def test_without_helm_nothing_has_passed(files: Files) -> None:
    assert outcomes(gathered(files, None)) == [
        NotRun(code, f"{WRAPPER}: helm is not installed") for code in ("FB105", "FB106")
    ]


def test_a_helm_that_is_too_old_is_not_the_charts_fault(files: Files, tmp_path: Path) -> None:
    old = tmp_path / "helm"
    old.write_text("#!/bin/sh\n[ $1 = version ] && echo v2.17.0 && exit\necho no >&2\nexit 1\n")
    old.chmod(0o755)
    (one,) = needed(gathered(files, find(str(old))).renders)
    assert one.not_run == "helm v2.17.0 is too old (install Helm 3 or 4)"


# --- what is rendered ------------------------------------------------------------------------


def test_only_the_charts_directory_is_written_out(files: Files) -> None:
    spy, _ = spied(files)
    expected = {path[len(CHART) :]: data for path, data in files.items() if path.startswith(CHART)}
    assert spy.seen == expected


def test_an_archive_that_is_not_vendored_comes_from_the_index(files: Files) -> None:
    data = files.pop(PLACE)
    asked: list[str] = []

    def fetch(version: str) -> bytes:
        asked.append(version)
        return data

    spy, one = spied(files, fetch)
    assert asked == ["2.14.1"]
    assert spy.seen["charts/flux2-2.14.1.tgz"] == data
    assert one.images == SHIPPED


def test_a_vendored_archive_goes_before_the_index(files: Files) -> None:
    _, one = spied(files, lambda version: pytest.fail(f"fetched {version}"))
    assert one.not_run is None


@pytest.mark.parametrize(
    ("place", "data", "says"),
    [
        ("flux2-2.13.0.tgz", generate.chart_archive("2.13.0"), "is flux2 2.13.0"),
        ("flux2-2.14.1.tgz", generate.chart_archive("2.13.0"), "is flux2 2.13.0"),
        ("flux2-2.14.1.tgz", generate.chart_archive("2.14.1", name="other"), "is other 2.14.1"),
        ("flux2-2.14.1.tgz", b"junk", "not gzip"),
        ("flux2/Chart.yaml", b"name: flux2\nversion: 2.13.0\n", "charts/flux2/ is flux2 2.13.0"),
    ],
)
def test_an_archive_of_another_version_is_not_rendered(
    files: Files, place: str, data: bytes, says: str
) -> None:
    right = files.pop(PLACE)
    files[f"{CHART}charts/{place}"] = data
    _, one = spied(files)
    assert one.not_run is not None
    assert one.not_run.startswith("flux2 2.14.1 is not under charts/ (charts/flux2")
    assert says in one.not_run
    assert one.not_run.endswith("and there is no index to fetch it from")
    spy, one = spied(files, lambda _: right)
    assert one.not_run is None
    assert {k: v for k, v in spy.seen.items() if k.startswith("charts/")} == {
        "charts/flux2-2.14.1.tgz": right
    }


def test_an_unpacked_chart_is_rendered_whole_or_not_at_all(files: Files) -> None:
    archive = files.pop(PLACE)
    files[f"{CHART}charts/flux2/Chart.yaml"] = b"name: flux2\nversion: 2.14.1\nappVersion: 2.4.0\n"
    files[f"{CHART}charts/flux2/templates/a.yaml"] = b"kind: A\n"
    spy, one = spied(files)
    assert "charts/flux2/templates/a.yaml" in spy.seen
    assert one.images == SHIPPED
    files[PLACE] = archive
    spy, _ = spied(files)
    assert [path for path in spy.seen if path.startswith("charts/")] == ["charts/flux2-2.14.1.tgz"]


@pytest.mark.parametrize(
    ("wanted", "fetched"),
    [("v2.14.1", "2.14.1"), ("=2.14.1", "2.14.1"), ("^2.14.0", None), ("2.14", None), ("", None)],
)
def test_a_range_takes_what_is_vendored_and_fetches_nothing(
    files: Files, wanted: str, fetched: str | None
) -> None:
    changed(files, WRAPPER, DEPENDENCY, f'    version: "{wanted}"\n')
    _, one = spied(files)
    assert (one.not_run is None) is (wanted != "")
    data = files.pop(PLACE)
    asked: list[str] = []
    _, one = spied(files, lambda version: asked.append(version) or data)  # type: ignore[func-returns-value]  # None, on purpose
    assert asked == ([fetched] if fetched else [])
    if not fetched:
        assert one.not_run is not None
        assert one.not_run.endswith("a range does not say which one to fetch")


def test_an_index_that_cannot_give_it_says_why(files: Files) -> None:
    del files[PLACE]

    def fetch(_: str) -> bytes:
        raise IndexSourceError("the digest differs", where="https://charts.example.org")

    _, one = spied(files, fetch)
    assert one.not_run == (
        "flux2 2.14.1 is not under charts/, and it cannot be fetched: "
        "https://charts.example.org: the digest differs"
    )


def test_a_release_newer_than_the_table_is_held_to_the_charts_own_values(files: Files) -> None:
    files[PLACE] = generate.chart_archive("2.14.1", app_version="2.99.0")
    _, one = spied(files)
    assert one.images == facts.release("2.99.0").controllers
    files[PLACE] = generate.chart_archive(
        "2.14.1", app_version="2.99.0", extra={"values.yaml": b"a: ["}
    )
    _, one = spied(files)
    assert one.images == {}


# --- hostile and unlucky ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "../../../../escaped",
        "templates/../../escaped",
        "/etc/escaped",
        "templates//a.yaml",
        "./a.yaml",
        "a/.",
        "nul\0byte",
        "d/" * 70 + "deep",
    ],
)
def test_a_path_that_leads_elsewhere_is_not_written(
    files: Files, scratch: Path, tmp_path: Path, path: str
) -> None:
    files[f"{CHART}{path}"] = b"escaped"
    _, one = spied(files)
    assert one.not_run is not None
    assert "is not a path that can be written out" in one.not_run
    assert one.not_run.isprintable()
    assert list(scratch.iterdir()) == []
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("path", ["x" * 300, "values.yaml/inside"])
def test_a_path_that_the_file_system_refuses(files: Files, scratch: Path, path: str) -> None:
    files[f"{CHART}{path}"] = b""
    _, one = spied(files)
    assert one.not_run is not None
    assert one.not_run.startswith("the chart's files cannot be copied: ")
    assert str(scratch) not in one.not_run
    assert list(scratch.iterdir()) == []


def test_odd_names_are_just_names(files: Files) -> None:
    odd = {"templates/a b.yaml", "files/ünï.txt", "files/-x", "files/$(x);y", "files/new\nline"}
    odd.add("files/" + os.fsdecode(b"\xff"))
    files |= {f"{CHART}{path}": b"" for path in odd}
    spy, _ = spied(files)
    assert odd <= spy.seen.keys()


@pytest.mark.parametrize(
    "reference", ["/etc", "../../../../etc", "../../../.git", "../../../.git/hooks", "../nowhere"]
)
def test_a_local_dependency_stays_in_the_repository(files: Files, reference: str) -> None:
    class Guarded(MemorySnapshot, frozen=True):
        def below(self, folder: str) -> Sequence[str]:
            assert not folder.startswith(("/", ".."))
            return super().below(folder)

    files[".git/hooks/a"] = files["etc/a"] = b""
    files[WRAPPER] += (
        f"  - {{name: x, version: 1.0.0, repository: 'file://{reference}'}}\n".encode()
    )
    (wrapper,) = (one for one in discover(MemorySnapshot(files), Scope()).charts if one.wrapper)
    spy = Spy()
    render(wrapper, Guarded(files), (), lambda _: files[PLACE], spy)
    expected = {path[len(CHART) :] for path in files if path.startswith(CHART)}
    assert spy.seen.keys() == expected


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a bug"), SystemExit(1)])
def test_nothing_stays_behind_when_it_is_interrupted(
    files: Files, scratch: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        gathered(files, Spy(error=error))
    assert list(scratch.iterdir()) == []


def test_nothing_stays_behind_when_a_file_cannot_be_read(files: Files, scratch: Path) -> None:
    class Torn(MemorySnapshot, frozen=True):
        def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
            raise OSError("torn")

    snapshot = MemorySnapshot(files)
    (wrapper,) = (one for one in discover(snapshot, Scope()).charts if one.wrapper)
    one = render(wrapper, Torn(files), (), lambda _: files[PLACE], Spy())
    assert one.not_run == "the chart's files cannot be copied: torn"
    assert list(scratch.iterdir()) == []


def test_output_that_cannot_be_read_is_refused(files: Files) -> None:
    (one,) = needed(gathered(files, Spy("---\n# Source: a.yaml\na: [\n")).renders)
    assert one.error is not None
    assert one.error.startswith("a.yaml is not YAML: ")
    refused = Spy(error=ChartRefusedError("no"))
    assert needed(gathered(files, refused).renders)[0].error == "no"


def test_a_chart_at_the_root_of_the_repository(files: Files) -> None:
    small = {path[len(CHART) :]: data for path, data in files.items() if path.startswith(CHART)}
    spy, one = spied({**small, ".git/config": b""})
    assert one.wrapper == "Chart.yaml"
    assert spy.seen == small


def test_the_rules_alone_bring_no_way_to_run_anything() -> None:
    script = (
        "import sys, fluxbump.check.rules.rendered_chart;"
        "print(*{'subprocess', 'git'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
