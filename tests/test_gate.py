"""What is selected, suppressed or was there before; and `fluxbump check` as a command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures import generate
from fluxbump.check import gate, rules
from fluxbump.check.check import examine, judge
from fluxbump.check.verdict import Verdict
from fluxbump.config.settings import Ignore, Settings
from fluxbump.errors import UsageError
from fluxbump.model import Finding, Location, Related, Severity
from tests.helpers import (
    Cli,
    Repo,
    Result,
    assert_refused,
    chart_index,
    release,
    repository,
    script,
    small,
    snapshot,
)

NOTHING = Settings()
CHART, CLOUD_INIT = "platform/flux/chart/Chart.yaml", "infra/hetzner/cloudinit-control-plane.tftpl"
CLUSTER = "clusters/beta.example.org/bootstrap-kit/03-flux.yaml"
GOOD = {"clusters/a/flux.yaml": release()}


def check(
    files: Mapping[str, str], settings: Settings = NOTHING, codes: tuple[str, ...] | None = None
) -> Verdict:
    examined = examine(snapshot(files), settings, chart_index())
    return judge(examined, codes or tuple(rules.RULES))


def brief(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{one.code} {one.location}" for one in findings]


# --- what is selected ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "ignored", "selected"),
    [
        ((), (), set(rules.RULES)),
        (("FB103",), (), {"FB103"}),
        (("FB103", "FB301"), (), {"FB103", "FB301"}),
        (("FB10",), (), {code for code in rules.RULES if code < "FB110" and code > "FB1"}),
        (("FB",), ("FB1",), {code for code in rules.RULES if not code.startswith("FB1")}),
        ((), ("FB1", "FB2", "FB3"), {"FB001", "FB002", "FB003"}),
        (("FB103",), ("FB103",), set()),
        (("FB1",), ("FB12", "FB11"), {code for code in rules.RULES if "FB1" < code < "FB110"}),
    ],
)
def test_codes_and_prefixes(
    chosen: tuple[str, ...], ignored: tuple[str, ...], selected: set[str]
) -> None:
    codes = gate.select(chosen, ignored)
    assert set(codes) == selected
    assert list(codes) == sorted(codes)


@pytest.mark.parametrize(
    ("chosen", "ignored"), [(("FB999",), ()), ((), ("XX",)), (("fb103",), ()), (("",), ())]
)
def test_a_code_that_fits_no_rule(chosen: tuple[str, ...], ignored: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="no rule is called"):
        gate.select(chosen, ignored)


def test_only_selected_rules_speak() -> None:
    kept = release() + "  upgrade: {preserveValues: true}\n"
    files = small(install=script("2.3.0"), release=kept)
    assert {one.code for one in check(files).findings} == {"FB103", "FB301"}
    assert brief(check(files, codes=("FB103",)).findings) == ["FB103 install.sh:2"]
    verdict = check(files, codes=("FB104",))
    assert (verdict.findings, verdict.not_run, verdict.codes) == ((), (), ("FB104",))


def test_findings_are_ordered_by_code_and_place() -> None:
    kept = "  upgrade: {preserveValues: true}\n"
    files = small(**{"b.yaml": release("1.1.0") + kept, "a.yaml": release("1.1.1") + kept})
    found = check(files).findings
    assert brief(found) == sorted(brief(found))
    assert len(found) == 4


# --- what is suppressed --------------------------------------------------------------------------

OLD = script("2.3.0")
SAID = "  # fluxbump: ignore[{}]\n"


def test_a_comment_on_the_line() -> None:
    files = small(
        install=OLD.rstrip() + SAID.format("FB103").rstrip() + " - until the move\n", **GOOD
    )
    verdict = check(files)
    assert verdict.findings == ()
    ((finding, by),) = verdict.suppressed
    assert (finding.code, str(by.location), by.reason) == (
        "FB103",
        "install.sh:2",
        "until the move",
    )


@pytest.mark.parametrize("where", ["above", "below", "another file", "another code"])
def test_a_comment_elsewhere_suppresses_nothing_and_is_unused(where: str) -> None:
    comment = SAID.format("FB104" if where == "another code" else "FB103")
    texts = {
        "above": (OLD.replace("\n", f"\n{comment}", 1), ""),
        "below": (OLD + comment, ""),
        "another file": (OLD, comment),
        "another code": (OLD.rstrip() + comment, ""),
    }
    install, other = texts[where]
    verdict = check(small(install=install, **GOOD, **{"b.txt": other}))
    assert [one.code for one in verdict.findings] == ["FB001", "FB103"]
    assert verdict.findings[0].severity is Severity.WARNING
    assert verdict.suppressed == ()


def test_several_codes_in_one_comment() -> None:
    install = OLD.rstrip() + SAID.format("FB103, FB102")
    verdict = check(small(install=install, **GOOD, **{"b.sh": script()}))
    assert {one.code for one, _ in verdict.suppressed} == {"FB102", "FB103"}
    assert verdict.findings == ()


def test_a_comment_in_a_document() -> None:
    text = "flux2 is 2.13.0 now. <!-- fluxbump: ignore[FB120] an old page -->\n"
    verdict = check(small(**GOOD, **{"docs/old.md": text}))
    assert verdict.findings == ()
    assert [by.reason for _, by in verdict.suppressed] == ["an old page"]


EXPLAINED = "Write `# fluxbump: ignore[FB120]` on the line"


@pytest.mark.parametrize("name", ["docs/how.md", "README", "docs/how.rst"])
@pytest.mark.parametrize(
    "text",
    [
        f"{EXPLAINED}, with the reason.\n",
        "| ``# fluxbump: ignore[FB999] ` `` | `x` |\n",
        "```yaml\nversion: 1 # fluxbump: ignore[FB109] beta follows\n```\n",
        "  > ~~~~\n  > # fluxbump: ignore[FB109]\n  > ~~~\n",
    ],
)
def test_a_document_that_explains_a_comment_suppresses_nothing(name: str, text: str) -> None:
    verdict = check(small(**GOOD, **{name: text}))
    assert (verdict.findings, verdict.suppressed) == ((), ())


def test_a_comment_that_is_spoken_of_hides_nothing() -> None:
    text = f"flux2 is 2.13.0 now. {EXPLAINED}.\n"
    verdict = check(small(**GOOD, **{"docs/old.md": text}))
    assert brief(verdict.findings) == ["FB120 docs/old.md:1"]
    assert verdict.suppressed == ()


def test_a_comment_in_a_code_block_covers_its_line() -> None:
    text = "```\nflux2 is 2.13.0 now # fluxbump: ignore[FB120] that day\n```\n"
    verdict = check(small(**GOOD, **{"docs/old.md": text}))
    assert verdict.findings == ()
    assert [by.reason for _, by in verdict.suppressed] == ["that day"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/a.md", "```\nx\n```\n<!-- fluxbump: ignore[FB120] -->\n"),
        ("docs/a.md", "`x` <!-- fluxbump: ignore[FB120] `y` -->\n"),
        ("docs/a.md", "it`s <!-- fluxbump: ignore[FB120] -->\n"),
        ("docs/a.md", "`` x ` <!-- fluxbump: ignore[FB120] -->\n"),
        ("a.sh", "# `fluxbump: ignore[FB120]`\n"),
    ],
)
def test_a_comment_beside_code_is_one(name: str, text: str) -> None:
    verdict = check(small(**GOOD, **{name: text}))
    assert [one.code for one in verdict.findings] == ["FB001"]


def test_a_hostile_document_is_read_once() -> None:
    line = "`" * 3 + "".join(f"{'`' * (n % 50)} fluxbump: ignore[FB120]" for n in range(40_000))
    assert check(small(**GOOD, **{"docs/a.md": line})).suppressed == ()


def test_the_configuration() -> None:
    ignore = Ignore("FB103", "install*", "the clusters are being moved")
    verdict = check(small(install=OLD, **GOOD), Settings(ignore=(ignore,)))
    assert verdict.findings == ()
    ((finding, by),) = verdict.suppressed
    assert (finding.code, by.location.path) == ("FB103", "fluxbump.yaml")
    assert (by.path, by.reason) == ("install*", "the clusters are being moved")


@pytest.mark.parametrize(
    ("code", "path", "says"),
    [
        ("FB103", "other/*", "suppresses FB103 in other/*, but nothing is found there"),
        ("FB104", "*", "suppresses FB104 in *, but nothing is found there"),
        ("FB999", "*", "suppresses FB999, which is no rule"),
    ],
)
def test_an_unused_configuration(code: str, path: str, says: str) -> None:
    verdict = check(small(install=OLD, **GOOD), Settings(ignore=(Ignore(code, path, "why"),)))
    unused, wrong = verdict.findings
    assert (unused.code, unused.severity, unused.message) == ("FB001", Severity.WARNING, says)
    assert wrong.code == "FB103"


def test_what_was_not_selected_is_not_unused() -> None:
    ignore = Settings(ignore=(Ignore("FB104", "*", "why"),))
    assert check(small(**GOOD), ignore, ("FB001", "FB103")).findings == ()
    assert check(small(**GOOD), ignore, ("FB104",)).findings == ()


@pytest.mark.parametrize("code", ["FB105", "FB107"])
def test_what_could_not_be_judged_is_not_unused(code: str) -> None:
    """Without `--base` and helm nobody knows whether the suppression is of use."""
    verdict = check(small(**GOOD), Settings(ignore=(Ignore(code, "*", "why"),)))
    assert code in {one.code for one in verdict.not_run}
    assert brief(verdict.findings) == []


@pytest.mark.parametrize("text", ["ignore[fb103]", "ignore[FB103", "ignore[version-agreement]"])
def test_a_comment_that_cannot_be_understood_is_reported(text: str) -> None:
    verdict = check(small(install=OLD.rstrip() + f"  # fluxbump: {text}\n", **GOOD))
    assert [one.code for one in verdict.findings] == ["FB001", "FB103"]


# --- what was there before -----------------------------------------------------------------------

BEFORE = Finding(
    "FB109",
    Severity.ERROR,
    "holds 1.1.1, but c.yaml:3 is 1.1.2",
    Location("a.yaml", 9, 4),
)


@pytest.mark.parametrize(
    ("after", "inherited"),
    [
        (BEFORE, True),
        (replace(BEFORE, location=Location("a.yaml", 12, 4)), True),
        (replace(BEFORE, message="holds 1.1.1, but c.yaml:30 is 1.1.2"), True),
        (replace(BEFORE, related=(Related(Location("b", 1), "x"),)), True),
        (replace(BEFORE, message="holds 1.1.0, but c.yaml:3 is 1.1.2"), False),
        (replace(BEFORE, location=Location("b.yaml", 9, 4)), False),
        (replace(BEFORE, code="FB108"), False),
    ],
)
def test_inherited(after: Finding, inherited: bool) -> None:
    assert gate.inherited([BEFORE], [after]) == (frozenset({after}) if inherited else frozenset())
    assert gate.inherited([], [after]) == frozenset()


def test_inherited_with_another_release() -> None:
    before = replace(BEFORE, message="v1beta1, which Flux 2.7.2 does not serve", about="v1beta1")
    after = replace(before, message="v1beta1, which Flux 2.7.5 does not serve")
    assert gate.inherited([before], [after]) == frozenset({after})
    assert gate.inherited([before], [replace(after, about="v1beta2")]) == frozenset()


# --- the command ---------------------------------------------------------------------------------


def mentions(result: Result, *fragments: str) -> None:
    for fragment in fragments:
        assert fragment in result.out, result.out + result.err


def test_aligned_is_clean(repo: Repo) -> None:
    result = repo.fluxbump("check", "--no-render")
    assert (result.code, result.err) == (0, "")
    mentions(result, "FB105", "FB107", "no base to compare with")


def test_incident_names_fb103_with_both_sites(incident: Repo) -> None:
    result = incident.fluxbump("check", "--no-render")
    assert result.code == 1
    mentions(result, "FB103", f"{CLOUD_INIT}:146", f"{CHART}:45", "Flux 2.4.0", "Flux 2.3.0")


def test_as_a_module(repo: Repo) -> None:
    command = [sys.executable, "-m", "fluxbump", "check", "--no-render"]
    done = subprocess.run(command, cwd=repo.path, env=repo.environment(), check=False)
    assert done.returncode == 0


def test_work_tree_index_and_revision_differ(repo: Repo) -> None:
    text = repo.show("HEAD", CLUSTER)
    repo.write(CLUSTER, text.replace('"1.1.2"', '"1.1.1"'))
    repo.git("add", CLUSTER)
    repo.write(CLUSTER, text.replace('"1.1.2"', '"1.1.0"'))
    ways = {"": "1.1.0", "--worktree": "1.1.0", "--staged": "1.1.1", "--rev=HEAD": None}
    for option, held in ways.items():
        result = repo.fluxbump("check", "--no-render", *filter(None, [option]))
        assert result.code == (1 if held else 0), option
        assert held is None or f"HelmRelease bp-flux holds {held}" in result.out


def test_an_untracked_file_counts_in_the_work_tree(repo: Repo, cli: Cli) -> None:
    repo.write("clusters/new/flux.yaml", release("1.0.0"))
    result = cli("check", "--no-render", cwd=repo)
    assert result.code == 1
    mentions(result, "clusters/new/flux.yaml:9")
    assert cli("check", "--no-render", "--staged", cwd=repo).code == 0
    repo.write(".gitignore", "clusters/new\n")
    assert cli("check", "--no-render", cwd=repo).code == 0


def test_an_ignored_archive_is_judged_in_the_work_tree(repo: Repo, cli: Cli) -> None:
    repo.commit({".gitignore": "*.tgz\n"})
    repo.write("platform/flux/chart/charts/flux2-2.14.1.tgz", generate.chart_archive("2.13.0"))
    result = cli("check", "--no-render", cwd=repo)
    assert result.code == 1
    mentions(result, "FB112", "is named after 2.14.1, but holds flux2 2.13.0")
    assert cli("check", "--no-render", "--rev", "HEAD", cwd=repo).code == 0


def test_base(repo: Repo, cli: Cli) -> None:
    repo.git("switch", "--quiet", "--create", "change")
    values = "platform/flux/chart/values.yaml"
    changed = repo.show("HEAD", values).replace("interval: 30s", "interval: 60s")
    repo.commit({values: changed})
    assert cli("check", "--no-render", cwd=repo).code == 0
    result = cli("check", "--no-render", "--base", "main", cwd=repo)
    assert result.code == 1
    mentions(result, "FB107", f"{CHART}:", "its version is still 1.1.2")
    assert cli("check", "--no-render", "--base", "HEAD", cwd=repo).code == 0
    assert_refused(cli("check", "--base", "none", cwd=repo), 6, "no such revision: none")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "compared with the merge base with origin/HEAD"),
        ({"GITHUB_BASE_REF": "main"}, "compared with the merge base with origin/main"),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}, "merge base with origin/main"),
        (
            {"GITHUB_BASE_REF": "gone"},
            "not compared with origin/gone: no such revision: origin/gone",
        ),
    ],
)
def test_the_base_that_nobody_named(
    variables: dict[str, str], said: str, repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = repo.path.parent / "clone"
    repo.git("clone", "--quiet", str(repo.path), str(clone))
    values = clone / "platform/flux/chart/values.yaml"
    values.write_text(values.read_text().replace("interval: 30s", "interval: 60s"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = cli("check", "--no-render", cwd=clone)
    assert result.code == 1
    assert said in result.err
    mentions(result, "FB107", f"{CHART}:", "its version is still 1.1.2")
    alone = cli("check", "--no-render", "--no-base", cwd=clone)
    assert alone.code == 0
    mentions(alone, "FB107", "FB303", "compared with nothing, as --no-base asks")
    assert "say --base" not in alone.out
    assert_refused(cli("check", "--no-base", "--base", "main", cwd=clone), 2, "exclude each other")


def test_base_is_where_the_revision_in_question_forked(repo: Repo, cli: Cli) -> None:
    """Not where HEAD did: what happened on `main` since is not the branch's doing."""
    repo.git("branch", "change")
    values = "platform/flux/chart/values.yaml"
    moved = repo.show("HEAD", values).replace("interval: 30s", "interval: 60s")
    repo.commit({values: moved})
    result = cli("check", "--rev", "change", "--base", "main", "--select", "FB107", cwd=repo)
    assert result.code == 0, result.out


def test_unresolved_conflicts_cannot_be_judged_when_staged(repo: Repo, cli: Cli) -> None:
    path, old = "platform/flux/blueprint.yaml", repo.show("HEAD", "platform/flux/blueprint.yaml")
    repo.git("switch", "--quiet", "--create", "other")
    repo.commit({path: old.replace("1.1.2", "1.1.3")})
    repo.git("switch", "--quiet", "main")
    repo.commit({path: old.replace("1.1.2", "1.1.4")})
    command = ["git", "merge", "--quiet", "other"]
    done = subprocess.run(
        command, cwd=repo.path, env=repo.environment(), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert_refused(cli("check", "--staged", cwd=repo), 6, "unresolved conflicts", path)
    result = cli("check", "--no-render", cwd=repo)
    assert result.code == 1
    mentions(result, "FB002", path)


def test_a_bare_repository(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    generate.repository(tmp_path / "bare", bare=True)
    where = ("check", "--no-render", "--repo", str(tmp_path / "bare"))
    assert cli(*where, "--rev", "main").code == 0
    assert_refused(cli(*where), 6, "no working tree", "--rev")
    assert_refused(cli(*where, "--staged"), 6, "no index")


@pytest.mark.parametrize(
    ("arguments", "code", "fragment"),
    [
        (["--rev", "HEAD", "--staged"], 2, "exclude each other"),
        (["--no-render", "--require-render"], 2, "exclude each other"),
        (["--select", "FB9"], 2, "no rule is called 'FB9'"),
        (["--rev", "none"], 6, "no such revision"),
        (["--helm", "no-such-helm"], 8, "no-such-helm"),
    ],
)
def test_what_cannot_be_checked(
    arguments: list[str], code: int, fragment: str, repo: Repo, cli: Cli
) -> None:
    assert_refused(cli("check", *arguments, cwd=repo), code, fragment)


def test_nothing_to_check_and_a_broken_configuration(repo: Repo, cli: Cli) -> None:
    for path in ("platform", "infra", "clusters", "products"):
        repo.git("rm", "-r", "--quiet", path)
    assert_refused(cli("check", cwd=repo), 5, "no pin of Flux found")
    repo.write("fluxbump.yaml", "ignore:\n  - code: FB103\n")
    assert_refused(cli("check", cwd=repo), 3, "fluxbump.yaml:2", "reason")


def test_strict_fails_on_warnings(repo: Repo, cli: Cli) -> None:
    repo.write("docs/old.md", "flux2 is 2.13.0 now.\n")
    assert cli("check", "--no-render", cwd=repo).code == 0
    assert cli("check", "--no-render", "--strict", cwd=repo).code == 1


def test_suppressed_findings_are_counted_and_listed(incident: Repo, cli: Cli) -> None:
    incident.write("fluxbump.yaml", "ignore:\n  - {code: FB103, reason: a drill}\n")
    arguments = ("--no-render", "--show-suppressed", "--ignore", "FB201")
    result = cli("check", *arguments, cwd=incident)
    assert result.code == 0
    assert "suppressed" in result.out
    assert (
        f"suppressed: {CLOUD_INIT}:146  FB103  by fluxbump.yaml:2: a drill"
        in result.out + result.err
    )


def test_a_render_that_is_required_and_cannot_run(repo: Repo, tmp_path: Path) -> None:
    tools, git = tmp_path / "bin", shutil.which("git")
    assert git is not None
    tools.mkdir()
    (tools / "git").symlink_to(git)
    result = repo.fluxbump("check", PATH=str(tools))
    assert result.code == 0, result.err
    mentions(result, "FB105", "helm is not installed")
    result = repo.fluxbump("check", "--require-render", PATH=str(tools))
    assert result.code == 1
    assert "helm is not installed" in result.err


def test_the_rules_are_listed_and_explained(repo: Repo, cli: Cli) -> None:
    listed = cli("rules")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines() if line.startswith("FB")] == list(
        rules.RULES
    )
    assert {one["code"] for one in cli("rules", "--output", "json").json["rules"]} == set(
        rules.RULES
    )
    page = cli("rule", "FB103")
    assert page.code == 0
    assert page.out == cli("rule", "version-agreement").out == cli("rule", "fb103").out
    mentions(page, "FB103", "appVersion")
    assert_refused(cli("rule", "FB999"), 2, "no rule is called 'FB999'")


def test_what_no_rule_needs_is_not_looked_for(repo: Repo, tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    def searched(*arguments: str) -> bool:
        trace.write_text("", encoding="utf-8")
        run = repo.fluxbump("check", "--no-render", *arguments, GIT_TRACE=str(trace))
        assert run.code == 0, run.err
        text = trace.read_text("utf-8")
        assert " -e lux" in text
        return " -e ControlPlane" in text

    assert searched()
    assert searched("--select", "FB207")
    assert searched("--self-test", "--ignore", "FB2")
    assert not searched("--ignore", "FB2")
    assert not searched("--select", "FB1,FB3")


IDLE = "pins:\n  - path: other.sh\n    track: flux\n    pattern: FLUX=(?P<version>\\S+)\n"


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_what_was_not_judged_stands_in_check(
    options: tuple[str, ...], code: int, tmp_path: Path, index: Path, cli: Cli
) -> None:
    one = repository(tmp_path / "repo", {**small(), "fluxbump.yaml": IDLE}, index)
    run = cli("check", "--select", "FB003", *options, cwd=one)
    assert run.code == code, run.err
    assert "fluxbump.yaml:2:1  FB003 note  not checked: finds no version in other.sh" in run.out
    assert run.out.endswith("1 note\n")
