"""The faults that were planted in the real monorepo: what the bash gate misses, the gate refuses.

And two things that the bash gate refuses although nothing is wrong. The bash gate's side is held
to the original script, where that is at hand.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures import generate, states
from fluxbump.check.check import examine, judge, self_test
from fluxbump.check.evidence_parts import NO_BASE
from fluxbump.config.settings import Settings
from fluxbump.errors import IndexSourceError
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.helm.index import source
from fluxbump.model import Finding, Severity
from tests import bash_gate, test_differential
from tests.helpers import chart_index, release, script, small, snapshot, wrapper
from tests.tools import need_helm

Files = Mapping[str, bytes]

CHART, VALUES = "platform/flux/chart/Chart.yaml", "platform/flux/chart/values.yaml"
BLUEPRINT, UMBRELLA = "platform/flux/blueprint.yaml", "products/catalyst/chart/Chart.yaml"
ARCHIVE = "platform/flux/chart/charts/flux2-2.14.1.tgz"
CLOUD_INIT, RUNBOOK = bash_gate.CLOUD_INIT, "docs/RUNBOOK-PROVISIONING.md"
RELEASES = [f"clusters/{cluster}/bootstrap-kit/03-flux.yaml" for cluster in states.CLUSTERS]
TEMPLATE, ALPHA, BETA = RELEASES

ALIGNED: Files = {
    **states.files(),
    ARCHIVE: generate.chart_archive("2.14.1"),
    bash_gate.CACHED: generate.chart_archive("2.13.0"),
}
URL = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"
COMMAND = f"  - 'curl -fsSL {URL} | kubectl --kubeconfig=/etc/rancher/k3s/k3s.yaml apply -f -'\n"
OUTDATED = COMMAND.replace("v2.4.0", "v2.3.0")


def planted(*changes: tuple[str, str, str]) -> dict[str, bytes]:
    """Return the aligned monorepo after replacements, each of which fits once."""
    files = dict(ALIGNED)
    for path, old, new in changes:
        text = files[path].decode()
        assert text.count(old) == 1, (path, old)
        files[path] = text.replace(old, new).encode()
    return files


def line_of(files: Files, path: str, fragment: str) -> str:
    """Return the place of the only line that contains `fragment`."""
    lines = files[path].decode().splitlines()
    (number,) = (n for n, line in enumerate(lines, start=1) if fragment in line)
    return f"{path}:{number}"


@pytest.fixture(scope="session")
def charts(index: Path) -> ChartIndex:
    return source.open_source(str(index), web=pytest.fail).load()


def check(files: Files, index: ChartIndex, base: Files | None = None) -> tuple[Finding, ...]:
    before = MemorySnapshot(base) if base else NO_BASE
    examined = examine(MemorySnapshot(files), Settings(), index, base=before)
    # The fixture's 18 HelmRepository objects at v1beta2 are deprecated, and no fault.
    return tuple(one for one in judge(examined).findings if one.code != "FB205")


def places(findings: tuple[Finding, ...], code: str) -> list[str]:
    return [str(one.location) for one in findings if one.code == code]


def bash(files: Files) -> int | None:
    return bash_gate.first_failure(
        files, bash_gate.Outside(bash_gate.renders, test_differential.fetch)
    )


def test_the_aligned_monorepo_passes_both(charts: ChartIndex) -> None:
    assert bash(ALIGNED) is None
    assert check(ALIGNED, charts) == ()


# --- missed by bash, refused by the gate ---------------------------------------------------------


def test_right_url_in_a_comment_above_a_live_command_at_another_version(charts: ChartIndex) -> None:
    files = planted((CLOUD_INIT, COMMAND, f"  # {URL}\n{OUTDATED}"))
    assert bash(files) is None
    (found,) = (one for one in check(files, charts) if one.severity is Severity.ERROR)
    assert found.code == "FB103"
    assert str(found.location) == line_of(files, CLOUD_INIT, "download/v2.3.0")
    assert [str(one.location) for one in found.related] == [line_of(files, CHART, '"2.14.1"')]


def test_second_live_install_url_at_another_version(charts: ChartIndex) -> None:
    files = planted((CLOUD_INIT, COMMAND, COMMAND + OUTDATED))
    assert bash(files) is None
    found = check(files, charts)
    second = line_of(files, CLOUD_INIT, "download/v2.3.0")
    assert places(found, "FB102") == [second]
    assert places(found, "FB103") == [second]
    (disagreement,) = (one for one in found if one.code == "FB102")
    first = line_of(files, CLOUD_INIT, "download/v2.4.0")
    assert [str(one.location) for one in disagreement.related] == [first]


def test_second_live_install_url_in_another_file(charts: ChartIndex) -> None:
    files = {**ALIGNED, "scripts/repair.sh": f"kubectl apply -f {URL}\n".encode()}
    assert check(files, charts) == ()
    files["scripts/repair.sh"] = files["scripts/repair.sh"].replace(b"v2.4.0", b"v2.3.0")
    assert bash(files) is None
    assert places(check(files, charts), "FB102") == ["scripts/repair.sh:1"]


def test_vendored_archive_whose_name_lies_about_its_content(charts: ChartIndex) -> None:
    """Named 2.18.3 and really 2.14.1: the release inside is the one that cloud-init installs."""
    lying = ARCHIVE.replace("2.14.1", "2.18.3")
    files = planted((CHART, '"2.14.1"', '"2.18.3"'), (VALUES, '"2.14.1"', '"2.18.3"'))
    files[lying] = files.pop(ARCHIVE)
    assert bash(files) is None
    found = [one for one in check(files, charts) if one.code == "FB112"]
    assert {str(one.location) for one in found} == {f"{lying}:1"}
    messages = " ".join(one.message for one in found)
    assert "is named after 2.18.3, but holds flux2 2.14.1" in messages
    assert "sha256" in messages
    dependency = line_of(files, CHART, '"2.18.3"')
    assert {str(one.location) for finding in found for one in finding.related} == {dependency}


def test_vendored_archive_whose_digest_is_not_the_published_one(charts: ChartIndex) -> None:
    files = {**ALIGNED, ARCHIVE: generate.chart_archive("2.14.1", extra={"NOTES": b"mine\n"})}
    assert bash(files) is None
    assert places(check(files, charts), "FB112") == [f"{ARCHIVE}:1"]


def test_wrapper_changed_and_its_version_did_not_move(charts: ChartIndex) -> None:
    files = planted((VALUES, "interval: 30s", "interval: 60s"))
    assert bash(files) is None
    assert check(files, charts) == ()
    found = check(files, charts, base=ALIGNED)
    assert places(found, "FB107") == [line_of(files, CHART, "version: 1.1.2")]
    assert [str(one.location) for one in found[0].related] == [f"{VALUES}:1"]


def test_one_helm_release_behind(charts: ChartIndex) -> None:
    files = planted((BETA, 'version: "1.1.2"', 'version: "1.1.1"'))
    assert bash(files) is None
    found = check(files, charts)
    assert places(found, "FB109") == [line_of(files, BETA, '"1.1.1"')]
    assert [str(one.location) for one in found[0].related] == [
        line_of(files, CHART, "version: 1.1.2")
    ]


def test_all_helm_releases_behind(charts: ChartIndex) -> None:
    held = {TEMPLATE: "version: 1.1.2", ALPHA: "version: 1.1.2", BETA: 'version: "1.1.2"'}
    files = planted(*((path, old, old.replace("1.1.2", "1.1.1")) for path, old in held.items()))
    assert bash(files) is None
    found = check(files, charts)
    expected = [line_of(files, path, old.replace("1.1.2", "1.1.1")) for path, old in held.items()]
    assert places(found, "FB109") == expected
    for one in found:
        others = {str(related.location) for related in one.related}
        assert others >= set(expected) - {str(one.location)}


def test_umbrella_dependency_behind(charts: ChartIndex) -> None:
    old = "  - name: bp-flux\n    version: 1.1.2\n"
    files = planted((UMBRELLA, old, old.replace("1.1.2", "1.1.0")))
    assert bash(files) is None
    assert places(check(files, charts), "FB108") == [line_of(files, UMBRELLA, "version: 1.1.0")]


def test_blueprint_behind(charts: ChartIndex) -> None:
    files = planted((BLUEPRINT, "version: 1.1.2", "version: 1.1.1"))
    assert bash(files) is None
    assert places(check(files, charts), "FB110") == [line_of(files, BLUEPRINT, "version: 1.1.1")]


def test_remediation_that_uninstalls_is_an_error(charts: ChartIndex) -> None:
    hazard = "  install:\n    remediation:\n      retries: 3\n"
    files = planted((ALPHA, "  install:\n", hazard))
    assert bash(files) is None
    (found,) = check(files, charts)
    assert (found.code, found.severity) == ("FB302", Severity.ERROR)
    assert str(found.location) == line_of(files, ALPHA, "retries: 3")
    assert "install.remediation.retries: 0" in found.message


def test_stale_mapping_rows_are_warnings(charts: ChartIndex) -> None:
    row = "  #   v2.4.0 -> flux2 2.14.1 -> appVersion 2.4.0   <- CURRENT\n"
    stale = "  #   v2.3.0 -> flux2 2.13.0 -> appVersion 2.3.0   <- CURRENT\n"
    table = "| v2.4.0 (current) | 2.14.1 | 2.4.0 |"
    files = planted(
        (CLOUD_INIT, row, stale), (RUNBOOK, table, "| v2.3.0 (current) | 2.13.0 | 2.3.0 |")
    )
    assert bash(files) is None
    found = check(files, charts)
    assert {one.severity for one in found} == {Severity.WARNING}
    assert places(found, "FB120") == [
        line_of(files, RUNBOOK, "(current)"),
        line_of(files, CLOUD_INIT, "CURRENT"),
    ]


def to_2_8_5() -> dict[str, bytes]:
    own = [(path, "version: 1.1.2", "version: 1.1.3") for path in (BLUEPRINT, TEMPLATE, ALPHA)]
    files = planted(
        (CLOUD_INIT, URL, URL.replace("v2.4.0", "v2.8.5")),
        (
            CLOUD_INIT,
            "v2.4.0 -> flux2 2.14.1 -> appVersion 2.4.0 ",
            "v2.8.5 -> flux2 2.18.3 -> 2.8.5 ",
        ),
        (CHART, "v2.4.0 -> flux2 2.14.1 -> appVersion 2.4.0 ", "v2.8.5 -> flux2 2.18.3 -> 2.8.5 "),
        (RUNBOOK, "| v2.4.0 (current) | 2.14.1 | 2.4.0 |", "| v2.8.5 (current) | 2.18.3 | 2.8.5 |"),
        (CHART, '"2.14.1"', '"2.18.3"'),
        (VALUES, '"2.14.1"', '"2.18.3"'),
        (CHART, "\nversion: 1.1.2\n", "\nversion: 1.1.3\n"),
        (UMBRELLA, "bp-flux\n    version: 1.1.2", "bp-flux\n    version: 1.1.3"),
        (BETA, 'version: "1.1.2"', 'version: "1.1.3"'),
        *own,
    )
    del files[ARCHIVE]
    return files


def test_consistent_bump_to_2_8_5_over_v1beta2(charts: ChartIndex) -> None:
    """The pins agree, but Flux 2.8 serves no v1beta2.

    It asks for a newer Kubernetes, too; without a base that is a warning.
    """
    files = to_2_8_5()
    assert b"source.toolkit.fluxcd.io/v1beta2" in files[ALPHA]
    errors = [one for one in check(files, charts) if one.severity is Severity.ERROR]
    held = [text.count(b"source.toolkit.fluxcd.io/v1beta2") for text in files.values()]
    assert [one.code for one in errors] == ["FB203"] * sum(held)


def test_self_test_that_cannot_run_is_not_green() -> None:
    """Offline and with nothing vendored, the bash gate skips its self-test and is green."""
    files = {path: data for path, data in ALIGNED.items() if not path.endswith(".tgz")}
    vendored = {**files, ARCHIVE: ALIGNED[ARCHIVE]}
    nothing = bash_gate.Outside(bash_gate.renders, bash_gate.offline)
    assert bash_gate.first_failure(vendored, nothing) is None
    examined = examine(MemorySnapshot(files), Settings(), IndexSourceError("offline"))
    trials = self_test(examined)
    survivors = [trial for trial in trials if trial.finding is None]
    assert {trial.mutant.pin.kind for trial in survivors} >= {"install-url", "chart-dependency"}
    assert all("no chart index: offline" in trial.reason for trial in survivors)


# --- refused by bash, accepted by the gate -------------------------------------------------------


def test_dependency_written_version_first(charts: ChartIndex) -> None:
    old = ALIGNED[CHART].decode().partition("dependencies:\n")[2]
    repository = old.splitlines()[-1]
    files = planted((CHART, old, f'  - version: "2.14.1"\n    name: flux2\n{repository}\n'))
    assert bash(files) == 1
    assert check(files, charts) == ()


def test_mirror_in_block_style(charts: ChartIndex) -> None:
    (old,) = (line for line in ALIGNED[VALUES].decode().splitlines() if "  upstream:" in line)
    files = planted((VALUES, old, "  upstream:\n    chart: flux2\n    version: 2.14.1"))
    assert bash(files) == 4
    assert check(files, charts) == ()


# --- the remediation hazard, field by field ------------------------------------------------------

CLUSTER = "clusters/a/flux.yaml"
NEVER = "remediation.retries: 0"
RETRY = "strategy.name: RetryOnFailure"
RETRIES = "{strategy: {name: RetryOnFailure}, remediation: {retries: 3}}"
REMEDIATES = RETRIES.replace("Retry", "Remediate")
HAZARDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "nothing": ("timeout: 1m", "2.4.0", ()),
    "retries 0": ("remediation: {retries: 0}", "2.4.0", ()),
    "retries 3": ("remediation: {retries: 3}", "2.4.0", ("(`retries: 3`)", NEVER)),
    "retries for ever": ("remediation: {retries: -1}", "2.6.4", ("(`retries: -1`)", NEVER)),
    "last failure": ("remediation: {remediateLastFailure: true}", "2.4.0", (" fails. ", NEVER)),
    "not the last failure": ("remediation: {remediateLastFailure: false}", "2.4.0", ()),
    "since 2.7": ("remediation: {retries: 3}", "2.7.2", ("(`retries: 3`)", RETRY)),
    "2.8": ("remediation: {remediateLastFailure: true}", "2.8.5", (" fails. ", RETRY)),
    "retry": ("strategy: {name: RetryOnFailure}", "2.7.2", ()),
    "retry and no retries": (RETRIES.replace("3", "0"), "2.7.2", ()),
    "retry and retries": (
        RETRIES,
        "2.7.5",
        ("(`retries: 3`)", "does not prevent that", "Remove `"),
    ),
    "retry and last failure": (
        "{strategy: {name: RetryOnFailure}, remediation: {remediateLastFailure: true}}",
        "2.8.5",
        (" fails. ", "does not prevent that", "Remove `"),
    ),
    "remediate": (
        REMEDIATES,
        "2.7.2",
        (RETRY,),
    ),
    "retry before it exists": (
        RETRIES,
        "2.6.4",
        (NEVER,),
    ),
    "release not known": ("remediation: {retries: 3}", "", (NEVER,)),
}


def spec(*lines: str) -> str:
    """A HelmRelease of bp-flux with more lines in its spec, from line 10 on."""
    return release() + "".join(f"  {line}\n" for line in lines)


def hazards(files: Mapping[str, str]) -> tuple[Finding, ...]:
    return judge(examine(snapshot(files), Settings(), chart_index()), ("FB302",)).findings


@pytest.mark.parametrize("action", ["install", "upgrade"])
@pytest.mark.parametrize("name", HAZARDS)
def test_destructive_remediation(action: str, name: str) -> None:
    fields, installed, fragments = HAZARDS[name]
    install = script(installed) if installed else "true\n"
    files = small(install=install, release=spec(f"{action}:", f"  {fields}"))
    found = hazards(files)
    assert [str(one.location) for one in found] == [f"{CLUSTER}:11"] * bool(fragments)
    for one in found:
        assert one.severity is (Severity.ERROR if action == "install" else Severity.WARNING)
        assert str(one.related[0].location) == f"{CLUSTER}:9"
        said = " ".join([one.message, *(other.message for other in one.related)])
        assert all(fragment in said for fragment in fragments)
        assert f"`{action}." in one.message


@pytest.mark.parametrize(
    ("action", "strategy", "does"),
    [
        ("install", "", "uninstall Flux"),
        ("upgrade", "", "roll Flux back"),
        ("upgrade", ", strategy: rollback", "roll Flux back"),
        ("upgrade", ", strategy: uninstall", "uninstall Flux"),
    ],
)
@pytest.mark.parametrize("field", ["retries: 1", "remediateLastFailure: true"])
def test_what_remediation_does(action: str, strategy: str, does: str, field: str) -> None:
    files = small(release=spec(f"{action}:", f"  remediation: {{{field}{strategy}}}"))
    (found,) = hazards(files)
    assert f"helm-controller {does}" in found.message
    assert found.severity is (Severity.ERROR if "uninstall" in does else Severity.WARNING)


def test_both_actions_of_every_owner_are_looked_at() -> None:
    both = spec(
        "install:", "  remediation:", "    retries: 3", "upgrade: {remediation: {retries: 3}}"
    )
    files = small(release=both, **{"b.yaml": both, "c.yaml": both.replace("bp-flux", "podinfo")})
    found = hazards(files)
    assert [str(one.location) for one in found] == [
        "b.yaml:12",
        "b.yaml:13",
        f"{CLUSTER}:12",
        f"{CLUSTER}:13",
    ]


# --- the original script -------------------------------------------------------------------------

SEEDS = Path(__file__).resolve().parents[2] / "shared" / "seeds"
NO_NETWORK = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:1")
SAMPLE = sorted(test_differential.MUTANTS)[::11]


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The original, out of the page that it was copied from."""
    pages = sorted(SEEDS.glob("*.txt")) if SEEDS.is_dir() else []
    if not pages:
        pytest.skip("the original script is not here (../shared/seeds)")
    lines = pages[0].read_text("utf-8").splitlines()
    start = lines.index("#!/usr/bin/env bash")
    written = tmp_path_factory.mktemp("script") / "version-pin-replay.sh"
    written.write_text("".join(f"{line}\n" for line in lines[start:] if line != "|"), "utf-8")
    return written


def run(script: Path, repository: Path, helm: Path) -> int | None:
    """Run the original; return the case that fails."""
    path = f"{helm.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(repository), "LC_ALL": "C.UTF-8", **NO_NETWORK}
    command = ["bash", str(script), str(repository / bash_gate.CHART)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    cases = [line for line in done.stdout.decode().splitlines() if "] Case " in line]
    return int(cases[-1].partition("] Case ")[2][0]) if done.returncode else None


@pytest.mark.parametrize("name", SAMPLE)
def test_the_reimplementation_is_faithful(name: str, original: Path, tmp_path: Path) -> None:
    helm, files = need_helm("helm4"), test_differential.MUTANTS[name]
    for path, data in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    outside = bash_gate.Outside(lambda _: test_differential.rendered(name), bash_gate.offline)
    assert run(original, tmp_path, helm) == bash_gate.first_failure(files, outside)


def test_a_rollback_over_a_refused_hop_is_an_error() -> None:
    """The API server refuses the way back too, so the release flips without end."""
    rolls = spec("upgrade: {remediation: {retries: 1}}")
    before = small(release=rolls)
    after = {
        one: {**before, "install.sh": script(release), "chart/Chart.yaml": wrapper(f'"{chart}"')}
        for one, release, chart in (("near", "2.6.4", "2.16.4"), ("far", "2.8.5", "2.18.3"))
    }
    found = {
        name: judge(
            examine(snapshot(files), Settings(), chart_index(), base=snapshot(before)), ("FB302",)
        ).findings
        for name, files in after.items()
    }
    assert [one.severity for one in found["near"]] == [Severity.WARNING]
    (far,) = found["far"]
    assert far.severity is Severity.ERROR
    assert "without end at the hop Flux 2.4.0 -> 2.8.5 (FB202)" in far.message
