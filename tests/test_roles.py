"""What the role of a place means: what disagrees with what, what moves, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.bump.planning.plan import Options, plan
from fluxbump.check import rules
from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import CustomPin
from fluxbump.errors import PinError, RefusedError
from fluxbump.flux.releases import resolve
from fluxbump.flux.stored_versions import key as release_key
from fluxbump.flux.tables import crds
from fluxbump.model import FLUX, Finding, Form, Location, Pin, Role, Severity
from fluxbump.reports import status_text
from tests.helpers import (
    COMMUNITY,
    Cli,
    assert_refused,
    chart_index,
    find,
    release,
    repository,
    script,
    snapshot,
    wrapper,
)

ACTION = "steps:\n  - with: {{version: {}}}\n    uses: fluxcd/flux2/action@main\n"
TOOLS = "flux2 {}\n"
SCHEMAS = (
    "curl -sL https://github.com/fluxcd/flux2/releases/download/v{}/crd-schemas.tar.gz | tar zx\n"
)
HELM = "helm upgrade --install flux2 fluxcd-community/flux2 --version {}\n"
CI = ".github/workflows/ci.yaml"

INSTANCE = (
    "apiVersion: fluxcd.controlplane.io/v1\nkind: X\nmetadata: {{name: flux}}\n"
    "spec: {{distribution: {{version: '{}'}}}}\n"
)
NEWEST = max(crds.crds(), key=release_key)
RANGE = Settings(pins=(CustomPin("*instance.yaml", "flux", ("spec", "distribution", "version")),))


def judged(
    files: dict[str, str], *codes: str, settings: Settings | None = None
) -> list[tuple[str, str, int, Severity]]:
    """Return the findings: code, path, line, severity."""
    evidence = examine(snapshot(files), settings or Settings(), chart_index()).evidence
    found = rules.judge(evidence, codes).findings
    return [(one.code, one.location.path, one.location.line, one.severity) for one in found]


def findings(files: dict[str, str], code: str, settings: Settings | None = None) -> list[Finding]:
    evidence = examine(snapshot(files), settings or Settings(), chart_index()).evidence
    return list(rules.judge(evidence, (code,)).findings)


# --- installs ---------------------------------------------------------------------------------


def test_two_ways_of_installing_one_cluster_agree() -> None:
    files = {"boot.sh": script("2.4.0"), "base/kustomization.yaml": REMOTE.format("2.5.1")}
    (found,) = findings(files, "FB102")
    sites = {str(found.location), *(str(one.location) for one in found.related)}
    assert sites == {"boot.sh:2", "base/kustomization.yaml:2"}
    assert found.severity is Severity.ERROR


REMOTE = "resources:\n  - github.com/fluxcd/flux2//manifests/install?ref=v{}\n"


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("clusters/staging/boot.sh", "clusters/prod/boot.sh", False),
        ("staging.sh", "prod/kustomization.yaml", False),
        ("clusters/prod/boot.sh", "clusters/prod/kustomization.yaml", True),
        ("boot.sh", "clusters/prod/boot.sh", True),
        ("boot.sh", "base/kustomization.yaml", True),
    ],
)
def test_clusters_of_different_environments_may_differ(one: str, other: str, differ: bool) -> None:
    def held(path: str, version: str) -> str:
        return (REMOTE if path.endswith(".yaml") else script("{}")).format(version)

    files = {one: held(one, "2.4.0"), other: held(other, "2.5.1")}
    assert bool(judged(files, "FB102")) is differ


def test_an_install_and_the_chart_of_another_environment_may_differ() -> None:
    chart = release("2.15.0", chart="flux2")  # ships 2.5.1
    apart = {"clusters/prod/boot.sh": script("2.4.0"), "clusters/staging/flux.yaml": chart}
    assert judged(apart, "FB103") == []
    together = {"clusters/prod/boot.sh": script("2.4.0"), "clusters/prod/flux.yaml": chart}
    assert [one[0] for one in judged(together, "FB103")] == ["FB103"]


def test_environments_that_differ_are_bumped_together() -> None:
    index = chart_index()
    files = {"clusters/prod/boot.sh": script("2.4.0"), "clusters/staging/boot.sh": script("2.5.0")}
    planned = plan(find(files), resolve("2.5.1", index), index, Options())
    assert [change.new for change in planned.changes] == ["2.5.1", "2.5.1"]
    files = {"clusters/prod/boot.sh": script("2.4.0"), "clusters/prod/b.sh": script("2.5.0")}
    with pytest.raises(PinError, match="install URLs disagree"):
        plan(find(files), resolve("2.5.1", index), index, Options())


def test_a_helm_command_beside_a_helm_release_is_the_incident() -> None:
    files = {
        "Taskfile.sh": HELM.format("2.13.0"),
        "clusters/prod/flux.yaml": release("2.14.1", chart="flux2"),
    }
    (found,) = findings(files, "FB114")
    assert "2.13.0" in found.message
    assert "2.14.1" in found.message


# --- tools and references ---------------------------------------------------------------------


@pytest.mark.parametrize("held", ["2.3.0", "2.6.4"])
def test_a_tool_behind_or_ahead_is_a_warning(held: str) -> None:
    files = {"boot.sh": script("2.4.0"), CI: ACTION.format(held), "x.sh": SCHEMAS.format(held)}
    assert judged(files, "FB102", "FB117") == [
        ("FB117", CI, 2, Severity.WARNING),
        ("FB117", "x.sh", 1, Severity.NOTE),
    ]


def test_a_tool_is_right_if_it_is_right_for_one_cluster() -> None:
    files = {
        "clusters/prod/boot.sh": script("2.4.0"),
        "clusters/staging/boot.sh": script("2.5.1"),
        CI: ACTION.format("2.5.1"),
        "clusters/prod/.tool-versions": TOOLS.format("2.5.1"),
    }
    assert judged(files, "FB117") == [
        ("FB117", "clusters/prod/.tool-versions", 1, Severity.WARNING)
    ]


def test_a_tool_is_compared_with_the_chart_where_nothing_else_installs() -> None:
    files = {"flux.yaml": release("2.14.1", chart="flux2"), CI: ACTION.format("2.5.1")}
    (found,) = findings(files, "FB117")
    assert "Flux 2.4.0 is installed here (flux.yaml:" in found.message
    assert findings({**files, CI: ACTION.format("2.4.0")}, "FB117") == []


CLI_IN_VALUES = (
    'resource "helm_release" "flux" {\n  chart = "flux2"\n  version = "2.14.1"\n'
    f'  repository = "{COMMUNITY}"\n'
    '  set {\n    name = "cli.tag"\n    value = "v2.3.0"\n  }\n}\n'
)


def test_the_cli_that_a_chart_checks_the_cluster_with_is_a_tool() -> None:
    """It runs in a job before an installation, and what it is does not install another Flux."""
    files = {"main.tf": CLI_IN_VALUES, "flux.yaml": release("2.14.1", chart="flux2")}
    assert judged(files, "FB102", "FB103", "FB113", "FB117") == [
        ("FB117", "main.tf", 7, Severity.WARNING)
    ]


@pytest.mark.parametrize(("held", "found"), [("2.5.1", 0), ("2.5.0", 0), ("2.4.0", 1)])
def test_a_tool_is_right_if_the_range_that_is_installed_admits_it(held: str, found: int) -> None:
    instance = INSTANCE.replace("kind: X", "kind: FluxInstance").format("2.5.x")
    files = {"f.yaml": instance, CI: ACTION.format(held)}
    messages = [each.message for each in findings(files, "FB117")]
    assert len(messages) == found
    assert all("but Flux 2.5.x is installed here (f.yaml:" in message for message in messages)


def test_without_an_install_tools_agree_among_themselves() -> None:
    files = {CI: ACTION.format("2.4.0"), ".tool-versions": TOOLS.format("2.5.1")}
    (found,) = findings(files, "FB117")
    assert found.severity is Severity.WARNING
    both = {found.location.path, found.related[0].location.path}
    assert both == {CI, ".tool-versions"}
    assert findings({CI: ACTION.format("2.4.0")}, "FB117") == []


def test_a_tool_that_is_ahead_comes_down_and_a_note_says_so() -> None:
    files = {"boot.sh": script("2.4.0"), CI: ACTION.format("2.6.4")}
    index = chart_index()
    planned = plan(find(files), resolve("2.5.1", index), index, Options())
    assert {change.new for change in planned.changes} == {"2.5.1"}
    assert any("was ahead of what is installed" in note.message for note in planned.notes)
    files["boot.sh"] = script("2.6.4")
    with pytest.raises(RefusedError, match=r"would go down from 2\.6\.4 to 2\.5\.1"):
        plan(find(files), resolve("2.5.1", index), index, Options())


# --- a repository whose only pins are tools ---------------------------------------------------

BOOTSTRAP = 'resource "flux_bootstrap_git" "this" {\n  version = var.release\n}\n'
ONLY_TOOLS = {CI: ACTION.format("2.4.0"), ".tool-versions": TOOLS.format("2.4.0")}


def test_tools_alone_are_bumped(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", ONLY_TOOLS, index)
    result = cli("to", "2.5.0", cwd=repo)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0] == "Flux 2.4.0 -> 2.5.0"
    branch = "fluxbump/flux-2.5.0"
    assert repo.show(branch, CI) == ACTION.format("2.5.0")
    assert repo.show(branch, ".tool-versions") == TOOLS.format("2.5.0")
    message = repo.git("log", "-1", "--format=%B", branch)
    assert "- flux 2.4.0 -> 2.5.0" in message


def test_tools_alone_do_not_go_down_unasked(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {CI: ACTION.format("2.5.1")}, index)
    result = cli("to", "2.4.0", cwd=repo)
    assert_refused(result, 9, f"{CI}:2", "would go down from 2.5.1 to 2.4.0", "--allow-downgrade")
    assert "API server" not in result.err
    asked = cli("to", "2.4.0", "--allow-downgrade", cwd=repo)
    assert (asked.code, "was ahead of" in asked.out) == (0, False)
    assert repo.show("fluxbump/flux-2.4.0", CI) == ACTION.format("2.4.0")


def test_tools_decide_where_an_install_says_no_release(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {CI: ACTION.format("2.5.1"), "main.tf": BOOTSTRAP}
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.4.0", cwd=repo)
    assert_refused(result, 9, f"{CI}:2", "would go down from 2.5.1 to 2.4.0", "--allow-downgrade")


def test_tools_alone_are_checked(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", ONLY_TOOLS, index)
    assert cli("check", "--no-render", cwd=repo).code == 0
    result = cli("status", cwd=repo)
    *_, last, _blank, first, second, step = result.out.splitlines()
    assert (result.code, first) == (0, "The pins agree")
    assert second == "nothing here installs Flux, and tools and references hold 2.4.0"
    assert step == f"next: fluxbump to {NEWEST} --dry-run  shows what moves to the newest release"
    assert last == "fluxbump to VERSION moves all 2 places"
    command, why = step.removeprefix("next: fluxbump ").split("  ", 1)
    assert why.strip() == "shows what moves to the newest release"
    assert cli(*command.split(), cwd=repo).out.startswith("Flux 2.4.0 -> ")


@pytest.mark.parametrize("held", [("2.7.x", "2.8.x"), ("2.7.5", "2.8.5")])
def test_no_cluster_goes_down_to_what_is_safe(
    tmp_path: Path, index: Path, cli: Cli, held: tuple[str, str]
) -> None:
    """Of clusters at several releases, the newest says what is the least for all of them."""
    instance = "kind: FluxInstance\nspec: {{distribution: {{version: {}}}}}\n"
    files = {
        "clusters/a/i.yaml": instance.format(held[0]),
        "clusters/b/i.yaml": instance.format(held[1]),
        "main.tf": 'variable "kubernetes_version" {\n  default = "1.32.4"\n}\n',
    }
    repo = repository(tmp_path / "repo", files, index)
    refused = cli("to", "2.9.4", "--dry-run", cwd=repo)
    assert (refused.code, "FB207" in refused.err) == (1, True)
    assert "newest release that passes" not in refused.err
    safest = cli("to", "latest-safe", cwd=repo)
    assert "would go down" not in safest.err
    assert "is not known" not in safest.err


def test_status_names_every_range_that_is_installed(tmp_path: Path, index: Path, cli: Cli) -> None:
    instance = (
        "kind: FluxInstance\nmetadata: {{name: flux}}\nspec: {{distribution: {{version: {}}}}}\n"
    )
    files = {
        "clusters/a/i.yaml": instance.format("2.7.x"),
        "clusters/b/i.yaml": instance.format("2.8.x"),
        "clusters/c/i.yaml": instance.format("${release}"),
    }
    (tmp_path / "other").mkdir()
    alone = {
        "clusters/b/i.yaml": files["clusters/b/i.yaml"],
        "a/i.yaml": files["clusters/c/i.yaml"].replace("name: flux", "name: a"),
    }
    *_, only, _step = cli(
        "status", cwd=repository(tmp_path / "other" / "r", alone, index)
    ).out.splitlines()
    assert only == "FluxInstance flux installs Flux 2.8.x (range), and no chart"
    *_, said, _step = cli("status", cwd=repository(tmp_path / "r", files, index)).out.splitlines()
    expected = "FluxInstance flux installs Flux 2.7.x (range) and 2.8.x (range), and no chart"
    assert said == expected


@pytest.mark.parametrize(("line", "goal"), [("2.4.x", NEWEST), ("2.x", None)])
def test_status_leads_on_from_a_range_that_ends(
    line: str, goal: str | None, tmp_path: Path, index: Path, cli: Cli
) -> None:
    instance = INSTANCE.replace("kind: X", "kind: FluxInstance").format(line)
    repo = repository(tmp_path / "repo", {"f.yaml": instance}, index)
    said = cli("status", cwd=repo).out
    assert (f"next: fluxbump path {goal}" in said) == (goal is not None)
    assert ("next:" in said) == (goal is not None)


SUM = "7dd1b5e8cd2a6c2d5d1ff1fd2c6fe8c6ffa0a6fdb5b3c1e9a2ee6e1cf2a3c9d1"
IMAGE = "image: ghcr.io/fluxcd/source-controller:v1.4.1@sha256:" + SUM
PINNED_IMAGE = f"kind: Deployment\nspec: {{template: {{spec: {{containers: [{{{IMAGE}}}]}}}}}}\n"
URL = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"


@pytest.mark.parametrize(
    ("more", "stopped"),
    [
        ({"other.yaml": PINNED_IMAGE}, True),
        ({"up.sh": f"curl -LO {URL}\ncheck {SUM} sha256\ncheck {SUM[::-1]} sha256\n"}, True),
        ({"up.sh": f"curl -LO {URL}\necho '{SUM}  install.yaml' | sha256sum -c\n"}, False),
        ({}, False),
    ],
    ids=["an image by its digest", "whose digests", "a digest that moves", "nothing"],
)
def test_status_promises_no_bump_that_is_refused(
    more: dict[str, str], stopped: bool, tmp_path: Path, index: Path, cli: Cli
) -> None:
    remote = REMOTE.format("2.4.0")
    for name, version in (("agree", "2.4.0"), ("differ", "2.5.1")):
        files = {"boot.sh": script(version), "base/kustomization.yaml": remote, **more}
        (tmp_path / name).mkdir()
        repo = repository(tmp_path / name / "r", files, index)
        steps = cli("status", cwd=repo).out.partition("next: ")[2].splitlines()
        where = next((step for step in steps if "says what stops a bump here" in step), None)
        assert (where is not None) is stopped
        if where:
            command = where.strip().removeprefix("fluxbump ").split("  ")[0]
            assert cli(*command.split(), cwd=repo).code == 5


def test_nothing_at_all_is_still_refused(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"a.txt": "x\n"}, index)
    assert_refused(cli("to", "2.5.1", "--quiet", cwd=repo), 5, "no pin of Flux found")


# --- `status` ---------------------------------------------------------------------------------


def test_status_says_the_role_of_every_place(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {"boot.sh": script("2.4.0"), **ONLY_TOOLS, "x.sh": SCHEMAS.format("2.4.0")}
    files |= {"chart/Chart.yaml": wrapper()}
    repo = repository(tmp_path / "repo", files, index)
    rows = {line.split()[0]: line.split()[2] for line in cli("status", cwd=repo).out.splitlines()
            if ":" in line.split(" ")[0] and not line.startswith("Newest")}  # fmt: skip
    assert rows["boot.sh:2"] == "installs"
    assert rows[f"{CI}:2"] == "tool"
    assert rows["x.sh:1"] == "reference"
    assert rows["chart/Chart.yaml:3"] == "follows"
    told = cli("status", "-o", "json", cwd=repo).json
    assert {pin["path"]: pin["role"] for pin in told["pins"]}[CI] == "tool"


def test_what_installs_is_right_beside_a_tool_that_is_behind(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"boot.sh": script("2.4.0"), CI: ACTION.format("2.3.0")}
    repo = repository(tmp_path / "repo", files, index)
    lines = cli("status", cwd=repo).out.splitlines()
    states = {
        line.split()[0]: line.split()[-1]
        for line in lines
        if " flux-" in line or "install-url" in line
    }
    assert states["boot.sh:2"] == "ok"
    assert states[f"{CI}:2"] == "FB117"


def pin(form: Form, role: Role = Role.INSTALLS) -> Pin:
    return Pin("custom", FLUX, Location("a", 1), 0, 0, "2.x", form, "a", role)


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ([pin(Form.EXACT)], "fluxbump to VERSION moves the 1 place"),
        ([pin(Form.EXACT)] * 3, "fluxbump to VERSION moves all 3 places"),
        (
            [pin(Form.EXACT), pin(Form.RANGE), pin(Form.RANGE), pin(Form.EXACT, Role.OPERATOR)],
            (
                "fluxbump to VERSION moves 1 of 4 places, "
                "and only compares 1 flux-operator (--operator moves it), 2 range"
            ),
        ),
    ],
)
def test_the_last_line_says_what_moves(pins: list[Pin], expected: str) -> None:
    assert status_text.moving(pins) == expected


# --- what floats (FB119) ----------------------------------------------------------------------


def test_a_branch_is_neither_a_version_nor_a_range() -> None:
    terraform = 'resource "flux_bootstrap_git" "x" {\n  version = "main"\n}\n'
    (found,) = findings({"main.tf": terraform}, "FB119", RANGE)
    assert found.message == (
        "flux_bootstrap_git x holds main, which is neither a version nor a range"
    )


def test_a_range_alone_is_a_note() -> None:
    (found,) = findings({"instance.yaml": INSTANCE.format("2.5.x")}, "FB119", RANGE)
    assert found.severity is Severity.NOTE
    assert "today Flux 2.5.1" in found.message


@pytest.mark.parametrize(
    ("value", "exact", "severity"),
    [
        ("2.5.x", "2.5.1", Severity.NOTE),
        (">=2.4 <2.6", "2.4.0", Severity.WARNING),
        ("2.5.x", "2.4.0", Severity.NOTE),  # FB102 says it
        ("2.99.x", "2.4.0", Severity.WARNING),
    ],
)
def test_a_range_is_judged_by_what_it_comes_to(value: str, exact: str, severity: Severity) -> None:
    files = {"instance.yaml": INSTANCE.format(value), "boot.sh": script(exact)}
    (found,) = findings(files, "FB119", RANGE)
    assert found.severity is severity
    column = len("spec: {distribution: {version: '") + 1
    assert found.location == Location("instance.yaml", 4, column)


def test_a_range_of_another_environment_may_differ() -> None:
    files = {
        "clusters/staging/instance.yaml": INSTANCE.format("2.5.x"),
        "clusters/prod/boot.sh": script("2.4.0"),
    }
    (found,) = findings(files, "FB119", RANGE)
    assert found.severity is Severity.NOTE


def test_an_exact_version_does_not_float() -> None:
    assert findings({"instance.yaml": INSTANCE.format("2.5.1")}, "FB119", RANGE) == []


def test_a_range_that_admits_the_target_stays_and_one_that_does_not_is_refused() -> None:
    index = chart_index()
    files = {"instance.yaml": INSTANCE.format("2.x"), "boot.sh": script("2.4.0")}
    planned = plan(find(files, custom=RANGE.pins), resolve("2.5.1", index), index, Options())
    assert [(kept.value, why) for kept, why in planned.kept] == [
        ("2.x", "the range 2.x admits 2.5.1")
    ]
    files["instance.yaml"] = INSTANCE.format("2.4.x")
    with pytest.raises(PinError, match=r"holds the range 2\.4\.x, which excludes 2\.5\.1"):
        plan(find(files, custom=RANGE.pins), resolve("2.5.1", index), index, Options())


def test_a_range_that_disagrees_already_does_not_stop_a_bump(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {
        "instance.yaml": INSTANCE.format("2.x"),
        "boot.sh": script("2.4.0"),
        "fluxbump.yaml": "pins:\n  - {path: instance.yaml, track: flux, "
        "key: spec.distribution.version}\n",
    }
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err


# --- the safety rules know every kind of place ------------------------------------------------


@pytest.mark.parametrize(
    "files",
    [
        {"boot.sh": script("{}")},
        {"base/kustomization.yaml": REMOTE},
        {"instance.yaml": INSTANCE.replace("kind: X", "kind: FluxInstance")},
        {"boot.sh": f"V={{}}\n{script('$V')}"},
    ],
    ids=["URL", "Kustomize", "FluxInstance", "variable"],
)
def test_a_jump_that_no_cluster_survives_is_refused_whatever_installs_flux(
    tmp_path: Path, index: Path, cli: Cli, files: dict[str, str]
) -> None:
    held = {path: body.format("2.4.0") for path, body in files.items()}
    repo = repository(tmp_path / "repo", held, index)
    result = cli("to", "2.8.5", "--quiet", cwd=repo)
    assert result.code == 1
    assert "FB202" in result.err
    assert cli("to", "2.6.4", "--quiet", cwd=repo).code == 0


def test_a_range_that_moves_to_such_a_line_is_refused_too(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = {"instance.yaml": INSTANCE.replace("kind: X", "kind: FluxInstance").format("2.4.x")}
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.8.5", "--quiet", cwd=repo)
    assert (result.code, "FB202" in result.err) == (1, True)
    assert cli("to", "2.6.4", "--quiet", cwd=repo).code == 0


def test_without_an_exact_release_the_rule_is_not_run() -> None:
    range_only = {"instance.yaml": INSTANCE.replace("kind: X", "kind: FluxInstance").format("3.x")}
    evidence = examine(snapshot(range_only), Settings(), chart_index()).evidence
    not_run = rules.judge(evidence, ("FB202",)).not_run
    assert [one.reason for one in not_run] == ["no installed Flux version found"]


# --- examples ---------------------------------------------------------------------------------

SCHEMAS = (
    "curl -L https://github.com/fluxcd/flux2/releases/download/v{}/crd-schemas.tar.gz | tar x\n"
)


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ({"up.sh": script("2.5.1"), "examples/ci.sh": SCHEMAS.format("2.4.0")}, []),
        ({"examples/up.sh": script("2.4.0"), "up.sh": script("2.5.1"),
          "ci.sh": SCHEMAS.format("2.5.1")}, []),
        ({"sample/up.sh": script("2.5.1"), "sample/ci.sh": SCHEMAS.format("2.4.0")},
         ["sample/ci.sh"]),
        ({"up.sh": script("2.5.1"), "clusters/example/ci.sh": SCHEMAS.format("2.4.0")},
         ["clusters/example/ci.sh"]),
    ],
)  # fmt: skip
def test_an_example_is_compared_with_examples(files: dict[str, str], places: list[str]) -> None:
    assert [one.location.path for one in findings(files, "FB117")] == places


@pytest.mark.parametrize("name", ["terraform.tfvars.example", ".env.sample", "up.sh.example"])
def test_a_file_that_is_called_an_example_holds_no_pin(name: str) -> None:
    assert find({name: 'flux_version = "2.4.0"\n'}).pins == ()


def test_a_name_that_only_flux_has_may_hold_an_old_release() -> None:
    """A release of that time is in no table."""
    assert [pin.value for pin in find({".envrc-dev": 'export FLUX2_VERSION="v0.13.4"\n'}).pins] == [
        "0.13.4"
    ]
    assert find({".envrc-dev": 'export FLUX_VERSION="v0.13.4"\n'}).pins == ()


def test_a_chart_that_the_index_does_not_list_may_be_what_a_tool_is_for() -> None:
    files = {
        ".tool-versions": TOOLS.format("2.9.3"),
        "up.sh": "helm install f fluxcd-community/flux2 --version 2.14.1\n",
        "app/release.yaml": release("98.0.0", chart="flux2", name="flux2"),
        "a.yaml": "kind: GitRepository\napiVersion: source.toolkit.fluxcd.io/v1beta1\n",
    }
    found = judge(examine(snapshot(files), Settings(), chart_index()), ("FB117", "FB203"))
    why = (
        "not known which Flux release flux2 98.0.0 (app/release.yaml:9) ships: the chart index "
        "does not list it"
    )
    assert found.findings == ()
    assert [(one.code, one.reason) for one in found.not_run] == [
        ("FB117", f".tool-versions:1: {why}"),
        ("FB203", why),
    ]
