"""Findings in groups: what a reader of a hundred alike sees, and what programs get of them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from fluxbump.check.check import examine, judge
from fluxbump.check.finding_groups import grouped, worst_first
from fluxbump.check.rules import RULES
from fluxbump.check.rules.rule import Danger
from fluxbump.config.settings import Settings
from fluxbump.model import Finding, Location, Severity
from tests.helpers import Cli, Repo, chart_index, release, repository, script, small, snapshot

DANGEROUS = release(chart="flux2", version="2.14.1") + "  install: {remediation: {retries: 3}}\n"
NEWS = "HelmRepository is at source.toolkit.fluxcd.io/v1beta2, which is deprecated in Flux 2.4.0."


def manifest(name: str) -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: HelmRepository\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        "spec: {interval: 10m, url: https://charts.example.org}\n"
    )


def monorepo(number: int = 150) -> dict[str, str]:
    """As many manifests at a deprecated version, in 12 folders, and one dangerous HelmRelease."""
    files = {f"apps/team-{n % 12:02}/repo-{n:03}.yaml": manifest(f"r{n}") for n in range(number)}
    return files | {"install.sh": script("2.4.0"), "clusters/prod/flux.yaml": DANGEROUS}


@pytest.fixture
def many(tmp_path: Path, index: Path) -> Repo:
    return repository(tmp_path / "many", monorepo(), index)


# --- which findings are one group --------------------------------------------------------------


def test_findings_that_differ_in_their_subject_are_one_group() -> None:
    examined = examine(snapshot(monorepo(30)), Settings(), chart_index())
    groups = grouped(judge(examined).findings)
    assert [(one.code, len(one.findings)) for one in groups] == [("FB302", 1), ("FB205", 30)]
    assert groups[1].message.startswith(NEWS)
    assert groups[1].folders[:2] == (("apps/team-00", 3), ("apps/team-01", 3))


def test_a_group_of_one_says_whom_it_is_about() -> None:
    examined = examine(snapshot(monorepo(1)), Settings(), chart_index())
    assert grouped(judge(examined).findings)[1].message.startswith("HelmRepository r0 is at ")


def finding(code: str, severity: Severity, path: str = "a", gist: str = "") -> Finding:
    return Finding(code, severity, f"{path} {gist}", Location(path, 1), gist=gist)


def test_another_severity_or_another_message_is_another_group() -> None:
    found = [
        finding("FB203", Severity.ERROR, "a", "x"),
        finding("FB203", Severity.WARNING, "b", "x"),
        finding("FB203", Severity.ERROR, "c", "y"),
        finding("FB203", Severity.ERROR, "d", "x"),
        finding("FB204", Severity.ERROR, "e", "x"),
    ]
    assert [[one.location.path for one in group.findings] for group in grouped(found)] == [
        ["a", "d"], ["c"], ["e"], ["b"],
    ]  # fmt: skip


def test_errors_come_first_and_then_what_can_lose_a_cluster() -> None:
    codes = ["FB101", "FB120", "FB203", "FB301", "FB202", "FB302", "FB303", "FB999"]
    errors = [finding(code, Severity.ERROR) for code in codes]
    warning = finding("FB302", Severity.WARNING)
    assert [one.code for one in worst_first([warning, *errors])] == [
        "FB302", "FB303", "FB301", "FB202", "FB203", "FB101", "FB120", "FB999", "FB302",
    ]  # fmt: skip


def test_only_what_removes_controllers_is_as_dangerous_as_it_gets() -> None:
    worst = [code for code, rule in RULES.items() if rule.danger is Danger.UNINSTALLS]
    assert worst == ["FB302", "FB303"]


# --- what is printed ---------------------------------------------------------------------------


def test_a_hundred_and_fifty_alike_fit_a_screen_and_the_dangerous_one_is_first(
    many: Repo, cli: Cli
) -> None:
    result = cli("check", cwd=many)
    lines = result.out.splitlines()
    assert result.code == 1
    assert len(lines) <= 45
    assert lines[0].startswith("FB302 destructive-remediation: ")
    assert lines[1].startswith("clusters/prod/flux.yaml:10:36  FB302 error  HelmRelease flux lets ")
    start = lines.index(next(one for one in lines if one.startswith("150 places")))
    assert lines[start].startswith(f"150 places  FB205 warning  {NEWS} Move to v1 (fluxbump to")
    assert lines[start + 1 : start + 6] == [
        (
            "  in apps/team-00 (13), apps/team-01 (13), apps/team-02 (13), apps/team-03 (13)"
            " and 8 more folders"
        ),
        "  apps/team-00/repo-000.yaml:1:13",
        "  apps/team-00/repo-012.yaml:1:13",
        "  apps/team-00/repo-024.yaml:1:13",
        "  … and 147 more (--all lists them)",
    ]
    assert lines[-3].startswith("1 error, 150 warnings")
    assert lines[-2:] == [
        "next: fluxbump check --fix remediation  fixes 1 setting in the working tree",
        "      fluxbump to 2.4.0 --migrate-apis  moves 150 manifests to a new API version",
    ]


def test_all_lists_every_finding_of_a_group(many: Repo, cli: Cli) -> None:
    out = cli("check", "--all", cwd=many).out
    assert sum(line.startswith("  apps/team-") for line in out.splitlines()) == 150
    assert "(--all lists them)" not in out


@pytest.mark.parametrize(("detail", "number"), [("full", 150), ("concise", 150), ("grouped", 1)])
def test_how_much_of_each_finding_is_printed(
    many: Repo, cli: Cli, detail: str, number: int
) -> None:
    out = cli("check", "--output-format", detail, cwd=many).out
    assert out.count("FB205 warning") == number
    assert ("FB302 destructive-remediation: " in out) == (detail != "concise")


def test_statistics(many: Repo, cli: Cli) -> None:
    out = cli("check", "--statistics", cwd=many).out
    assert (
        "Statistics\n"
        "     1  FB302 error    destructive-remediation  (--fix remediation)\n"
        "   150  FB205 warning  deprecated-api  (--migrate-apis)\n"
    ) in out


def test_github_shows_each_group_once_and_the_worst_first(many: Repo, cli: Cli) -> None:
    lines = cli("check", "--output", "github", cwd=many).out.splitlines()
    annotations = [line for line in lines if line.startswith("::")]
    assert len(annotations) <= 15
    assert annotations[0].startswith(
        "::error file=clusters/prod/flux.yaml,line=10,col=36,title=FB302"
    )
    assert annotations[1].startswith(
        "::warning file=apps/team-00/repo-000.yaml,line=1,col=13,"
        "title=FB205 deprecated-api (150 places)::HelmRepository is at "
    )
    assert annotations[1].endswith("%0Aand 129 more places")


def test_markdown_has_one_row_for_each_group_and_folds_its_places(many: Repo, cli: Cli) -> None:
    out = cli("check", "--output", "markdown", cwd=many).out
    rows = [line for line in out.splitlines() if line.startswith(("| error", "| warning"))]
    assert [row.split(" | ")[1] for row in rows] == [
        "FB302 destructive-remediation", "FB205 deprecated-api",
    ]  # fmt: skip
    assert "| `apps/team-00/repo-000.yaml:1` and 149 more | HelmRepository is at " in rows[1]
    assert "<details><summary>FB205 deprecated-api: 150 places</summary>\n\n- `apps/" in out
    assert out.count("\n- `apps/team-") == 150
    assert "- `fluxbump check --fix remediation`: fixes 1 setting in the working tree" in out


def test_what_programs_read_holds_every_finding(many: Repo, cli: Cli) -> None:
    files = {name: many.home / f"report.{name}" for name in ("json", "sarif", "junit")}
    asked = [word for name, path in files.items() for word in ("-o", f"{name}={path}")]
    result = cli("check", "-o", "text", *asked, cwd=many)
    assert result.out.startswith("FB302 destructive-remediation: ")
    report = json.loads(files["json"].read_text())
    assert report["summary"]["warnings"] == 150
    assert {one["group"].partition(". ")[0] + "." for one in report["findings"][:150]} == {NEWS}
    assert [one["fix"] for one in report["findings"][-1:]] == ["--fix remediation"]
    assert report["next"][0] == {
        "command": "fluxbump check --fix remediation",
        "why": "fixes 1 setting in the working tree",
    }
    assert len(json.loads(files["sarif"].read_text())["runs"][0]["results"]) == 151
    root = ET.fromstring(files["junit"].read_text())
    said = "".join(root.itertext())
    assert said.count("warning: apps/team-") == 150


# --- what was there before ---------------------------------------------------------------------


def test_a_named_base_leaves_only_what_is_new(many: Repo, cli: Cli) -> None:
    many.commit({"apps/new.yaml": manifest("new")})
    out = cli("check", "--base", "HEAD~1", cwd=many).out
    assert "apps/new.yaml:1:13  FB205 warning  HelmRepository new is at " in out
    assert "apps/team-" not in out
    assert "FB302 error (existing)  HelmRelease flux lets" in out  # it fails the check
    assert (
        "Existing findings: 150 warnings (--all lists them)\n1 error, 151 warnings, 1 of them"
        in out
    )
    whole = cli("check", "--base", "HEAD~1", "--all", cwd=many).out
    assert "FB205 warning  HelmRepository is at " in whole
    assert "Existing findings:" not in whole


def test_what_was_there_before_is_said_to_programs(many: Repo, cli: Cli) -> None:
    many.commit({"apps/new.yaml": manifest("new")})
    report = cli("check", "--base", "HEAD~1", "-o", "json", cwd=many).json
    assert [one["path"] for one in report["findings"] if one["new"]] == ["apps/new.yaml"]
    sarif = json.loads(cli("check", "--base", "HEAD~1", "-o", "sarif", cwd=many).out)
    states = [one["baselineState"] for one in sarif["runs"][0]["results"]]
    assert (states.count("new"), states.count("unchanged")) == (1, 151)


def test_a_base_without_pins_has_nothing_of_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", {"README.md": "empty\n"}, index)
    repo.commit(monorepo(2))
    out = cli("check", "--base", "HEAD~1", cwd=repo).out
    assert "1 error, 2 warnings, 3 of them new" in out


# --- a baseline file ---------------------------------------------------------------------------


def test_a_team_begins_with_what_it_has(many: Repo, cli: Cli) -> None:
    written = cli("check", "--write-baseline", "accepted.json", cwd=many)
    assert written.code == 0
    assert (
        "fluxbump: accepted.json accepts 151 findings (commit it, and use --baseline "
        "accepted.json)\n"
    ) in written.err
    document = json.loads((many.path / "accepted.json").read_text())
    assert document["schema"] == "fluxbump/baseline/v1"
    assert {key for one in document["findings"] for key in one} == {
        "code", "path", "about", "fingerprint",
    }  # fmt: skip
    result = cli("check", "--strict", "--baseline", "accepted.json", cwd=many)
    assert result.code == 0
    assert result.out.splitlines()[-1].startswith("No findings, 151 accepted by the baseline")


def test_what_moves_stays_accepted_and_what_is_new_is_refused(many: Repo, cli: Cli) -> None:
    cli("check", "--write-baseline", "accepted.json", cwd=many)
    path = "clusters/prod/flux.yaml"
    many.write(path, f"# one line more\n{DANGEROUS}")
    assert cli("check", "--baseline", "accepted.json", cwd=many).code == 0
    many.write("clusters/dev/flux.yaml", DANGEROUS)
    result = cli("check", "--baseline", "accepted.json", cwd=many)
    assert result.code == 1
    assert "clusters/dev/flux.yaml:10:36  FB302 error" in result.out
    assert "clusters/prod" not in result.out
    assert "1 error, 151 accepted by the baseline" in result.out


def test_entries_that_match_nothing_any_more_are_told(many: Repo, cli: Cli) -> None:
    cli("check", "--write-baseline", "accepted.json", cwd=many)
    (many.path / "apps/team-00/repo-000.yaml").unlink()
    out = cli("check", "--baseline", "accepted.json", cwd=many).out
    assert "Baseline accepted.json: 1 entry matches nothing any more\n" in out
    # Nobody knows it of a rule that was not run.
    out = cli("check", "--baseline", "accepted.json", "--ignore", "FB205", cwd=many).out
    assert "any more" not in out
    report = cli("check", "--baseline", "accepted.json", "-o", "json", cwd=many).json
    assert (len(report["baseline"]["accepted"]), report["baseline"]["path"]) == (
        150, "accepted.json",
    )  # fmt: skip
    assert report["baseline"]["stale"] == [
        {
            "code": "FB205",
            "path": "apps/team-00/repo-000.yaml",
            "about": "HelmRepository r0 at source.toolkit.fluxcd.io/v1beta2",
        }
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "accepted.json: the baseline file cannot be read: No such file or directory"),
        ("[]", "accepted.json is not a baseline file: "),
        ('{"schema": "fluxbump/baseline/v2", "findings": []}', "is not a baseline file: "),
        ('{"schema": "fluxbump/baseline/v1", "findings": [{}]}', "is not a baseline file: "),
    ],
)
def test_a_baseline_file_that_is_none(
    tmp_path: Path, index: Path, cli: Cli, text: str | None, said: str
) -> None:
    repo = repository(tmp_path / "r", small(), index)
    if text is not None:
        repo.write("accepted.json", text)
    result = cli("check", "--baseline", "accepted.json", cwd=repo)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "fluxbump check --write-baseline accepted.json" in result.err


# --- where reports go --------------------------------------------------------------------------


def test_a_report_goes_to_a_file(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", small(), index)
    direct = cli("check", "-o", "markdown", cwd=repo)
    written = cli("check", "-o", "markdown", "--output-file", "out.md", cwd=repo)
    assert (written.code, written.out) == (0, "")
    assert (repo.path / "out.md").read_text() == direct.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "xml"), "no format is called 'xml'"),
        (("-o", "json="), "--output json= names no file"),
        (("-o", "json", "-o", "text"), "two formats would go to standard output"),
        (("-o", "json=a", "-o", "text=a"), "two formats would go to a"),
        (("-o", "json=a", "--output-file", "b"), "every --output has a file of its own"),
        (("--baseline", "a", "--write-baseline", "b"), "exclude each other"),
    ],
)
def test_outputs_that_make_no_sense(
    tmp_path: Path, index: Path, cli: Cli, arguments: tuple[str, ...], said: str
) -> None:
    repo = repository(tmp_path / "r", small(), index)
    result = cli("check", *arguments, cwd=repo)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_report_that_cannot_be_written(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", small(), index)
    result = cli("check", "-o", "json=missing/out.json", cwd=repo)
    assert result.code == 74
    assert "missing/out.json: cannot write the report: No such file or directory" in result.err


def test_the_old_name_of_the_option_still_works(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", small(), index)
    assert cli("check", "-f", "json", cwd=repo).json["schema"] == "fluxbump/check/v1"
    assert cli("check", "--format", "json", cwd=repo).json["schema"] == "fluxbump/check/v1"


def test_the_summary_page_of_a_workflow_has_the_verdict(
    many: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = many.home / "page.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    cli("check", "-o", "github", cwd=many)
    assert page.read_text().startswith("<!-- fluxbump check -->\n### fluxbump check: 1 error, 150 ")


def test_what_a_rule_means_for_a_bump_fits_a_line() -> None:
    errors = {code for code, rule in RULES.items() if rule.severity is Severity.ERROR}
    sometimes = {"FB117"}  # a warning, and an error of a Go module that is newer
    assert {code for code, rule in RULES.items() if rule.broken} == errors | sometimes
    assert max(len(rule.broken) for rule in RULES.values()) <= 62


def test_a_gist_does_not_name_its_subject() -> None:
    one = finding("FB203", Severity.ERROR, "a", "x")
    assert grouped([one, replace(one, location=Location("b", 1))])[0].message == "x"
