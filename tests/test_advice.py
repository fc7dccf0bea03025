"""What a command says to type next works when it is typed."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fixtures.installs import gotk
from fluxbump.cli.output.typed_command import OF_BUMP, TAKEN
from fluxbump.model import Finding, Location, Severity, Step
from fluxbump.reports.refusal import refusal
from tests.helpers import (
    Cli,
    Repo,
    Result,
    copy,
    release,
    repository,
    script,
    small,
    values,
    wrapper,
)

REFUSED = """\
error: Flux 2.8.5 is not safe for this repository (20 findings)
  clusters store API versions that the release does not serve      FB202
    platform/flux/chart/Chart.yaml:45
  manifests use API versions that the release does not serve (18)  FB203
    clusters/_template/bootstrap-kit/01-cilium.yaml:1
  a pinned Kubernetes is too old for the release                   FB207
    infra/hetzner/variables.tf:17
  fluxbump created no branch
next: fluxbump to 2.6.4            newest release that passes
      fluxbump path 2.8.5          the route, hop by hop
      fluxbump to 2.8.5 --dry-run  every finding, and the diff
      fluxbump to 2.8.5 --accept-risk FB202,FB203,FB207  does it anyway
"""


def typed(repo: Repo, command: str) -> int:
    """Type a command into a shell; return its exit code."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=repo.path,
        env=repo.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode


def advised(result: Result) -> list[str]:
    """The commands that a report says to type, as its last lines have them."""
    lines = (result.out + result.err).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("next: "))
    told = [lines[first].removeprefix("next: ")]
    for line in lines[first + 1 :]:
        if not line.startswith("      "):
            break
        told.append(line.strip())
    return [line.split("  ")[0] for line in told]


# --- a refusal ---------------------------------------------------------------------------------


def test_the_newest_release_refused_fits_twelve_lines_of_eighty_columns(
    repo: Repo, cli: Cli
) -> None:
    result = cli("to", "latest", cwd=repo)
    assert (result.code, result.out) == (1, "")
    assert result.err == REFUSED
    lines = result.err.splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 80


def test_each_command_of_a_refusal_works(repo: Repo) -> None:
    refused = repo.fluxbump("to", "latest")
    assert repo.branches() == ["main"]
    best, path, dry_run, accept = advised(refused)
    assert [typed(repo, command) for command in (best, path, dry_run, accept)] == [0, 0, 1, 0]
    assert repo.branches() == ["fluxbump/flux-2.6.4", "fluxbump/flux-2.8.5", "main"]


def test_each_command_of_a_refused_dry_run_does_what_it_says(repo: Repo) -> None:
    before = repo.branches()
    refused = repo.fluxbump("to", "latest", "--dry-run")
    assert refused.code == 1
    assert refused.err.splitlines()[-3:] == [
        "next: fluxbump to 2.6.4 --dry-run  newest release that passes",
        "      fluxbump path 2.8.5          the route, hop by hop",
        "      fluxbump to 2.8.5 --accept-risk FB202,FB203,FB207  does it anyway",
    ]
    best, path, accept = advised(refused)
    assert [typed(repo, command) for command in (best, path)] == [0, 0]
    assert repo.branches() == before
    assert typed(repo, accept) == 0
    assert repo.branches() == ["fluxbump/flux-2.8.5", "main"]


@pytest.mark.parametrize("dry", ["-n", "--dry-run"])
def test_a_downgrade_that_was_only_to_be_shown_is_only_shown(repo: Repo, dry: str) -> None:
    refused = repo.fluxbump("to", "2.3.0", dry)
    assert refused.code == 9
    assert refused.err.splitlines()[-1].endswith("--allow-downgrade  allows the downgrade")
    (command,) = advised(refused)
    assert command == f"fluxbump to 2.3.0 {dry} --allow-downgrade"
    assert typed(repo, command) == 1  # the gate refuses it for other reasons
    assert repo.branches() == ["main"]


def test_programs_get_the_same_commands(repo: Repo, cli: Cli) -> None:
    report = cli("to", "latest", "--output", "json", cwd=repo).json
    assert [one["command"] for one in report["next"]] == [
        "fluxbump to 2.6.4 --output json",
        "fluxbump path 2.8.5",
        "fluxbump to 2.8.5 --output json --dry-run",
        "fluxbump to 2.8.5 --output json --accept-risk FB202,FB203,FB207",
    ]


@pytest.mark.parametrize("option", [("--output", "html"), ("-o", "html"), ("--output=html",)])
def test_who_reads_a_page_types_no_command_that_prints_one(
    repo: Repo, cli: Cli, option: tuple[str, ...]
) -> None:
    page = cli("to", "latest", *option, cwd=repo).out
    assert "<code>fluxbump to 2.6.4</code>" in page
    assert "html --" not in page


@pytest.mark.parametrize("accepted", ["FB202", "FB203,FB207", "FB202,FB203"])
def test_the_risks_to_accept_are_always_all_of_them(repo: Repo, accepted: str) -> None:
    refused = repo.fluxbump("to", "2.8.5", "--accept-risk", accepted)
    last = advised(refused)[-1]
    assert last == "fluxbump to 2.8.5 --accept-risk FB202,FB203,FB207"
    assert typed(repo, last) == 0


@pytest.mark.parametrize("codes", ["FB120", "FB205", "FB999", "x", "FB202,FB001"])
def test_a_code_that_refuses_nothing_cannot_be_accepted(repo: Repo, cli: Cli, codes: str) -> None:
    result = cli("to", "2.5.1", "--accept-risk", codes, cwd=repo)
    assert (result.code, result.out) == (2, "")
    assert "no rule with that code refuses a bump\n  those that do: FB002, FB101, " in result.err
    assert repo.branches() == ["main"]


def test_sync_names_no_option_that_it_lacks(repo: Repo) -> None:
    path = "infra/hetzner/cloudinit-control-plane.tftpl"
    text = (repo.path / path).read_text().replace("download/v2.4.0", "download/v2.8.5")
    repo.write(path, text)
    refused = repo.fluxbump("sync", "--from", "install-url")
    assert "error: Flux 2.8.5 is not safe" in refused.err
    best, route, shown, accept = advised(refused)
    assert [typed(repo, command) for command in (route, shown, accept)] == [0, 1, 0]
    repo.git("checkout", "--quiet", ".")
    assert typed(repo, best) == 0


def test_what_a_fix_or_a_migration_takes_away_comes_first(tmp_path: Path, index: Path) -> None:
    keep = "  upgrade:\n    preserveValues: true\n"
    repo = repository(tmp_path / "r", small(release=release() + keep), index)
    first, *_ = advised(repo.fluxbump("to", "2.5.1"))
    assert first == "fluxbump to 2.5.1 --fix adoption"
    assert typed(repo, first) == 0


def test_options_and_paths_are_typed_again(tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "a b", small(install=script("2.4.0")), index)
    outside = Repo(tmp_path, tmp_path, index)
    refused = outside.fluxbump("to", "2.8.5", "--repo", "a b", "--kubernetes=1.20")
    commands = advised(refused)
    assert "fluxbump path 2.8.5 --repo 'a b' --kubernetes=1.20" in commands
    assert [typed(outside, command) for command in commands if " path " in command] == [0]
    assert typed(outside, commands[-1]) == 0
    assert repo.branches() == ["fluxbump/flux-2.8.5", "main"]


def test_a_range_leads_to_the_route_too(tmp_path: Path, index: Path) -> None:
    instance = (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\n"
        "spec:\n  distribution:\n    version: 2.4.x\n"
    )
    repo = repository(tmp_path / "r", {"flux.yaml": instance}, index)
    refused = repo.fluxbump("to", "2.8.5", "--offline")
    assert refused.code == 1
    assert "fluxbump path 2.8.5 --offline" in advised(refused)
    assert typed(repo, "fluxbump path 2.8.5 --offline") == 0


def test_a_range_that_admits_the_hop_is_not_said_to_stop_it(tmp_path: Path, index: Path) -> None:
    instance = (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\n"
        "spec:\n  distribution:\n    version: 2.x\n"
    )
    repo = repository(tmp_path / "r", {"flux.yaml": instance}, index)
    route = repo.fluxbump("path", "2.8.5", "--offline")
    assert route.code == 0
    assert route.out.splitlines()[-1] == (
        "next: fluxbump to 2.8.5 --dry-run --offline  says why no pin moves in the first hop"
    )
    shown = repo.fluxbump("to", "2.8.5", "--dry-run", "--offline")
    assert (shown.code, "the range 2.x admits 2.8.5" in shown.out) == (0, True)


@pytest.mark.parametrize(
    ("held", "release"), [("2.5.0-dirty", "2.5.0"), ("2.5.0-rc.1", "2.5.0"), ("0.41.2", None)]
)
def test_a_build_of_no_release_leads_to_the_route_from_its_release(
    held: str, release: str | None, tmp_path: Path, index: Path
) -> None:
    terraform = f'resource "flux_bootstrap_git" "x" {{\n  version = "v{held}"\n}}\n'
    repo = repository(tmp_path / "r", {"main.tf": terraform}, index)
    refused = repo.fluxbump("path", "2.8.5", "--offline")
    assert refused.code == 2
    if release is None:
        assert "next:" not in refused.err
        return
    (route,) = advised(refused)
    assert route == f"fluxbump path 2.8.5 --offline --from {release}"
    assert typed(repo, route) == 0


@pytest.mark.parametrize("more", [("path", "2.8.5"), ("to", "2.5.1", "--migrate-apis")])
def test_a_tool_alone_tells_no_installed_release(
    more: tuple[str, ...], tmp_path: Path, index: Path
) -> None:
    action = "jobs:\n  a:\n    steps:\n      - uses: fluxcd/flux2/action@v2.4.0\n"
    repo = repository(tmp_path / "r", {".github/workflows/a.yaml": action}, index)
    refused = repo.fluxbump(*more, "--offline")
    assert refused.code == 2
    assert refused.err.splitlines()[0].startswith(
        "error: nothing in live code says which Flux release this repository installs"
    )


def error(code: str) -> Finding:
    return Finding(code, Severity.ERROR, f"{code} says", Location(f"{code}.yaml", 3))


def test_many_rules_still_fit() -> None:
    found = [error(code) for code in ("FB101", "FB102", "FB104", "FB108", "FB109", "FB302")]
    assert refusal("2.5.1", found, "fluxbump created no branch", [Step("fluxbump status")]) == [
        "error: the bump to Flux 2.5.1 fails its checks (6 findings)",
        "  a failed install or upgrade would remove the controllers  FB302",
        "  a dependency on flux2 is not one exact version            FB101",
        "  places that install Flux disagree, or hold no release     FB102",
        "  values do not repeat the version of flux2                 FB104",
        "  an umbrella chart depends on another version              FB108",
        "  and 1 more rules: FB109",
        "  fluxbump created no branch",
        "next: fluxbump status",
    ]


def test_a_single_rule_says_what_it_found() -> None:
    assert refusal("2.5.1", [error("FB302")], "fluxbump created no branch", []) == [
        "error: Flux 2.5.1 is not safe for this repository (1 finding)",
        "  a failed install or upgrade would remove the controllers  FB302",
        "    FB302.yaml:3: FB302 says",
        "  fluxbump created no branch",
    ]


# --- a bump that was made, or shown --------------------------------------------------------------


def test_a_branch_is_looked_at_and_pushed(repo: Repo, tmp_path: Path) -> None:
    origin = tmp_path / "origin.git"
    repo.git("init", "--quiet", "--bare", str(origin))
    repo.git("remote", "add", "origin", str(origin))
    made = repo.fluxbump("to", "2.5.1")
    look, push = advised(made)
    assert look == "git show fluxbump/flux-2.5.1"
    assert push == "git push --set-upstream origin fluxbump/flux-2.5.1"
    assert [typed(repo, look), typed(repo, push)] == [0, 0]
    assert repo.git("--git-dir", str(origin), "branch", "--format=%(refname:short)") == (
        "fluxbump/flux-2.5.1\n"
    )


def test_several_commits_are_looked_at_in_one_go(repo: Repo) -> None:
    made = repo.fluxbump("to", "2.5.1", "--migrate-apis")
    (look,) = advised(made)
    base = repo.tip("main")[:12]
    assert look == f"git log -p {base}..fluxbump/flux-2.5.1"
    assert typed(repo, look) == 0


def test_a_dry_run_ends_with_a_count_and_the_command_that_does_it(repo: Repo) -> None:
    shown = repo.fluxbump("to", "2.5.1", "--dry-run")
    assert shown.err.splitlines()[-1] == (
        "fluxbump: dry run: 13 pins in 11 files, 3 mapping rows (fluxbump created no branch "
        "fluxbump/flux-2.5.1)"
    )
    assert shown.out.splitlines()[-1] == "next: fluxbump to 2.5.1  does it"
    assert typed(repo, "fluxbump to 2.5.1") == 0
    assert repo.branches() == ["fluxbump/flux-2.5.1", "main"]


def test_what_was_written_is_looked_at_and_staged(repo: Repo) -> None:
    written = repo.fluxbump("to", "2.5.1", "--in-place")
    look, stage = advised(written)
    assert [look, typed(repo, look), typed(repo, stage)] == ["git diff", 0, 0]
    assert len(repo.git("diff", "--staged", "--name-only").splitlines()) == 12  # one has rows alone
    assert repo.git("diff") == ""


# --- check and run -------------------------------------------------------------------------------


def test_a_check_leads_to_what_makes_the_pins_agree(incident: Repo) -> None:
    found = incident.fluxbump("check", "--no-render")
    align, why = advised(found)
    assert [align, why] == ["fluxbump to 2.4.0", "fluxbump rule FB103"]
    assert [typed(incident, align), typed(incident, why)] == [0, 0]


def test_a_check_leads_to_its_fixes(tmp_path: Path, index: Path) -> None:
    remediation = "  install:\n    remediation:\n      retries: 3\n"
    keep = "  upgrade:\n    preserveValues: true\n"
    old = release().replace("toolkit.fluxcd.io/v2\n", "toolkit.fluxcd.io/v2beta2\n")
    repo = repository(tmp_path / "r", small(release=old + remediation + keep), index)
    fix, move = advised(repo.fluxbump("check", "--no-render"))
    assert fix == "fluxbump check --fix adoption,remediation"
    assert move == "fluxbump to 2.4.0 --migrate-apis"
    assert typed(repo, move) == 0
    assert typed(repo, fix) == 0
    assert "preserveValues" not in (repo.path / "clusters/a/flux.yaml").read_text()


def test_manifests_move_in_place_if_the_pins_are_not_committed(repo: Repo) -> None:
    assert repo.fluxbump("to", "2.5.1", "--in-place").code == 0
    move, _ = advised(repo.fluxbump("check", "--no-render"))
    assert move == "fluxbump to 2.5.1 --in-place --migrate-apis"
    assert typed(repo, move) == 0
    assert repo.branches() == ["main"]
    assert "FB205" not in repo.fluxbump("check", "--no-render").out


def test_nothing_found_leads_nowhere(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", small(), index)
    assert "next:" not in cli("check", "--no-render", cwd=repo).out


def test_a_run_that_is_blocked_leads_on(incident: Repo) -> None:
    blocked = incident.fluxbump("run", "--dry-run")
    # `status` tells by its exit code that the pins disagree.
    assert [typed(incident, command) for command in advised(blocked)] == [1]
    report = json.loads(incident.fluxbump("run", "--dry-run", "--output", "json").stdout)
    assert report["next"] == [{"command": "fluxbump status", "why": "every pin and its place"}]


# --- what is never advised -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "excluded"),
    [
        ("chart/Chart.yaml", "name: bp\ndependencies:\n  - name: flux2\n   version: 1\n", False),
        ("clusters/a/flux.yaml", "kind: HelmRelease\nspec:\n  chart: bp-flux\n   x: 1\n", True),
    ],
)
def test_a_wrapper_is_never_to_be_excluded(
    tmp_path: Path, index: Path, cli: Cli, path: str, text: str, *, excluded: bool
) -> None:
    repo = repository(tmp_path / "r", small() | {path: text}, index)
    stopped = cli("to", "2.5.1", cwd=repo)
    assert stopped.code == 5
    assert "fix the YAML" in stopped.err
    assert ("`exclude`" in stopped.err) == excluded
    found = cli("check", "--no-render", "--select", "FB002", cwd=repo).out
    assert "fix the YAML" in found
    assert ("`exclude`" in found) == excluded


# --- an edited manifest of Flux, and a bump that no option lets pass ------------------------------

EDITED = "clusters/a/flux-system/gotk-components.yaml"


def edited(tmp_path: Path, index: Path, **more: str) -> Repo:
    """Return a repository in which one cluster's manifest has an image of another release."""
    text = gotk.components("2.4.0")
    image = "ghcr.io/fluxcd/source-controller:v1."
    files = {EDITED: text.replace(f"{image}4.1", f"{image}5.0"), "up.sh": script("2.5.1")}
    repo = repository(tmp_path / "r", files | more, index)
    gotk.releases(tmp_path / "releases", ["2.4.0", "2.5.1"])
    return repo


def test_a_check_advises_no_bump_that_moves_nothing_but_an_edited_file(
    tmp_path: Path, index: Path
) -> None:
    repo = edited(tmp_path, index)
    found = repo.fluxbump("check", "--no-render")
    assert repo.fluxbump("to", "2.5.1").code == 5
    assert advised(found) == ["fluxbump rule FB116"]


def test_a_check_advises_the_bump_that_leaves_an_edited_file(tmp_path: Path, index: Path) -> None:
    repo = edited(tmp_path, index, **{"tools/up.sh": script("2.4.0")})
    found = repo.fluxbump("check", "--no-render")
    move, why = advised(found)
    assert [move, why] == ["fluxbump to 2.5.1 --align --leave-gotk", "fluxbump rule FB116"]
    assert "brings every other pin to it" in found.out
    assert [typed(repo, move), typed(repo, why)] == [0, 0]
    assert repo.show("fluxbump/flux-2.5.1", "tools/up.sh") == script("2.5.1")


def test_a_bump_that_an_edited_file_stops_names_the_option(tmp_path: Path, index: Path) -> None:
    repo = edited(tmp_path, index, **{"ci/up.sh": "FLUX_VERSION=2.4.0\n"})
    stopped = repo.fluxbump("to", "2.5.1")
    (leave,) = advised(stopped)
    assert leave == "fluxbump to 2.5.1 --leave-gotk"
    assert "leaves it, and moves the rest" in stopped.err
    assert typed(repo, leave) == 0


# --- where a command works -----------------------------------------------------------------------


def test_advice_works_on_the_repository_and_revision_that_were_named(
    tmp_path: Path, index: Path
) -> None:
    repo = repository(tmp_path / "a b", small(), index)
    repo.git("branch", "other")
    repo.commit({"chart/Chart.yaml": wrapper('"2.13.0"')})
    repo.git("branch", "incident")
    repo.commit({"install.sh": script("2.8.5"), "chart/Chart.yaml": wrapper('"2.17.1"')})
    outside = Repo(tmp_path, tmp_path, index)
    for rev, *command in (
        ("other", "status"),
        ("other", "releases"),
        ("other", "path", "2.5.1"),
        ("incident", "status"),
        ("incident", "check", "--no-render"),
    ):
        told = advised(outside.fluxbump(*command, "--repo", "a b", "--rev", rev))
        kept = [one for one in told if not one.startswith("fluxbump rule ")]
        assert [one for one in kept if f"--repo 'a b' --rev {rev}" not in one] == []
        assert {typed(outside, one) for one in kept} <= {0, 1}


def test_a_dry_run_of_a_release_without_a_chart_leads_to_a_dry_run(repo: Repo) -> None:
    (other,) = advised(repo.fluxbump("to", "2.5.0", "--dry-run"))
    assert other == "fluxbump to 2.5.1 --dry-run"
    assert typed(repo, other) == 0
    assert repo.branches() == ["main"]


def test_short_flags_in_one_word_are_taken_apart(repo: Repo) -> None:
    (does,) = advised(repo.fluxbump("to", "2.5.1", "-n"))
    assert does == "fluxbump to 2.5.1"
    refused = repo.fluxbump("to", "2.8.5", "-nq")
    assert "fluxbump to 2.8.5 -q --accept-risk FB202,FB203,FB207" in refused.err


def test_each_option_that_is_carried_is_one_of_the_command(repo: Repo) -> None:
    for command, options in {**TAKEN, "to": (*TAKEN["to"], *OF_BUMP)}.items():
        words = repo.fluxbump(command, "--help").out.replace(",", " ").split()
        assert {*options} <= {*words}, command


def test_a_check_of_uncommitted_pins_leads_to_a_bump_in_place(tmp_path: Path, index: Path) -> None:
    repo = repository(tmp_path / "r", small(), index)
    repo.write("install.sh", script("2.5.1"))
    move, *_ = advised(repo.fluxbump("check", "--no-render"))
    assert move == "fluxbump to 2.5.1 --in-place"
    assert typed(repo, move) == 0
    assert repo.fluxbump("check", "--no-render", "--select", "FB103").code == 0


# --- the newest release that passes --------------------------------------------------------------


def test_a_bump_is_not_blamed_for_a_module_that_was_newer_before(
    tmp_path: Path, index: Path
) -> None:
    module = "module x\n\nrequire github.com/fluxcd/helm-controller/api v1.3.0\n"
    repo = repository(tmp_path / "r", {"up.sh": script("2.4.0"), "go.mod": module}, index)
    assert repo.fluxbump("check", "--no-render").code == 1
    assert repo.fluxbump("to", "2.5.1", "--quiet").code == 0


def test_latest_safe_says_which_rules_refuse_what_is_newer(tmp_path: Path, index: Path) -> None:
    chart = {"install": script("2.2.3"), "chart": wrapper("2.12.4"), "values": values("2.12.4")}
    nodes = 'module "eks" {\n  cluster_version = "1.26"\n}\n'
    repo = repository(tmp_path / "r", small(**chart, **{"k.tf": nodes}), index)
    stays = repo.fluxbump("to", "latest-safe")
    assert stays.code == 0
    assert "no newer release passes: Flux 2.8.5 is refused by FB202, FB207" in stays.err
    assert typed(repo, "fluxbump to 2.8.5 --dry-run") == 1


def test_latest_safe_without_any_release_leads_to_every_finding_of_the_newest(
    tmp_path: Path, index: Path
) -> None:
    repo = repository(tmp_path / "r", {"up.sh": script("0.41.2")}, index)
    refused = repo.fluxbump("to", "latest-safe", "--offline")
    (shown,) = advised(refused)
    assert shown == "fluxbump to 2.9.4 --dry-run --offline"
    assert typed(repo, shown) in (0, 1)
    route = repo.fluxbump("path", "latest", "--offline")
    assert "use --releases with a place that has v0.41.2/install.yaml" in route.err


def test_a_beginning_without_pins_names_no_check_that_is_refused(
    tmp_path: Path, index: Path
) -> None:
    repo = repository(tmp_path / "r", {"README.md": "nothing\n"}, index)
    assert repo.fluxbump("check").code == 5
    assert "fluxbump check" not in advised(repo.fluxbump("init", "--yes"))
    nothing = repo.fluxbump("init", "--yes")
    assert "next:" not in nothing.out
    assert "no pin of Flux found here" in nothing.err


# --- advice, followed to its end ------------------------------------------------------------------

OLD_NODES = 'module "eks" {\n  cluster_version = "1.26"\n}\n'
REMEDIATION = "  install:\n    remediation:\n      retries: 3\n"
OLD_API = release().replace("toolkit.fluxcd.io/v2\n", "toolkit.fluxcd.io/v2beta2\n")
STATES: dict[str, dict[str, str]] = {
    "aligned": small(),
    "behind": small(chart=wrapper("2.13.0"), values=values("2.13.0")),
    "ahead": small(chart=wrapper("2.17.1"), values=values("2.17.1")),
    "drift": small(release=release("1.0.9")),
    "two URLs": small(**{"b/up.sh": script("2.5.1")}),
    "a range": small(chart=wrapper("^2.14.1")),
    "old manifests": small(release=OLD_API),
    "adoption": small(release=release() + "  upgrade:\n    preserveValues: true\n"),
    "remediation": small(release=release() + REMEDIATION),
    "old nodes": small(**{"k.tf": OLD_NODES}),
    "excluded": small(config="exclude: [chart/]\n"),
    "unreadable": small(**{"clusters/b/flux.yaml": "kind: HelmRelease\nchart: bp-flux\n  x: 1\n"}),
    "no chart": {"up.sh": script("2.4.0")},
    "a release without a chart": {"up.sh": script("2.5.0"), "chart/Chart.yaml": wrapper()},
    "old": {"up.sh": script("0.41.2")},
    "tools": {"ci.yaml": "env:\n  FLUX_VERSION: 2.4.0\n"},
    "a newer module": {
        "up.sh": script("2.4.0"),
        "go.mod": "module x\n\nrequire github.com/fluxcd/helm-controller/api v1.3.0\n",
    },
    "nothing": {"README.md": "nothing\n"},
}
FIRST = ("status", "check --no-render", "path latest", "to latest", "to latest-safe", "releases",
         "sync --from chart", "sync --from install-url", "run --dry-run", "init")  # fmt: skip
STEPS = 3


def told(result: Result) -> dict[str, str]:
    """Map the commands of fluxbump that a report says to type to their lines."""
    said = result.out + result.err
    commands = advised(result) if "next: " in said else []
    return {
        command: next(line for line in said.splitlines() if command in line)
        for command in commands
        if command.startswith("fluxbump ")
    }


def is_explained(result: Result, line: str) -> bool:
    """Whether a refusal is what was promised, or says that something is not there at all."""
    missing = ("use --releases with a place", "no pin of Flux found")
    return "says what stops" in line or any(text in result.err for text in missing)


@dataclass
class Walk:
    """Follows advice in copies of repositories, each command once."""

    cli: Cli
    copies: Path
    seen: set[str] = field(default_factory=set)
    runs: int = 0

    def follow(self, repo: Repo, way: tuple[str, ...], line: str = "") -> list[str]:
        """Run the last command of a way, and what it says to type; return what leads nowhere."""
        command = way[-1]
        self.seen.add(command)
        self.runs += 1
        copied = copy(repo.path, self.copies / str(self.runs), repo.index)
        result = self.cli(*shlex.split(command)[1:], cwd=copied)
        commands = told(result)
        wrong = [f"{way} repeats itself"] if command in commands else []
        ends = way[1:] and result.code not in (0, 1) and not commands
        if ends and not is_explained(result, line):
            wrong.append(f"{way} ends with {result.code}: {result.err}")
        for following, told_so in commands.items() if len(way) <= STEPS else ():
            # A cluster is not here.
            if following not in self.seen and "--cluster" not in following:
                wrong += self.follow(copied, (*way, following), told_so)
        return wrong


@pytest.mark.parametrize("state", STATES)
def test_advice_leads_somewhere(state: str, tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "r", STATES[state], index)
    walk = Walk(cli, tmp_path / "copies")
    assert [walk.follow(repo, (f"fluxbump {first}",)) for first in FIRST] == [[]] * len(FIRST)
