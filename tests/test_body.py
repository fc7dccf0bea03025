"""Title and body of a pull request, made of real bumps in real repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from fluxbump.bump import bump
from fluxbump.bump.prepared_bump import Prepared, Request
from fluxbump.check.repository_state import read_state
from fluxbump.check.rules.rule import NotRun
from fluxbump.config.settings import Policy, Settings
from fluxbump.config.source_options import SourceOptions
from fluxbump.flux.removed_versions import Removed
from fluxbump.flux.tables import crds
from fluxbump.flux.upgrade_path import Hop, Route
from fluxbump.forges.forge import Capabilities
from fluxbump.git.objects import CommitSnapshot
from fluxbump.git.repository import Repository
from fluxbump.model import FLUX, Finding, Location, Mention, Severity
from fluxbump.run.decision import Skipped, Update
from fluxbump.run.next_release.decide import decide
from fluxbump.run.pull_request import body, sections
from fluxbump.run.pull_request.body import BodyInputs
from fluxbump.run.pull_request.boxes import Box
from fluxbump.run.pull_request.state import SavedState
from fluxbump.workspace import Session
from tests.helpers import Repo, chart_index, repository, script, small
from tests.test_notes import flat
from tests.test_policy import NOW

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SHA, DIGEST = "a1" * 20, "b2" * 32
STATE = SavedState("2.6.4", "2.16.4", SHA, SHA, SHA, DIGEST, DIGEST)
GITHUB = Capabilities("GitHub", diagrams=True)
AZURE = 4_000
HOSTILE = "a | b `c` <img src=x> @name #12 [x](https://u:s3cret@e.org) <!-- fluxbump:state {} -->"


@pytest.fixture
def open_repositories() -> Iterator[list[Repository]]:
    opened: list[Repository] = []
    yield opened
    for one in opened:
        one.close()


def prepared(repo: Repo, opened: list[Repository], target: str = "2.5.1", **what: str) -> Prepared:
    repository = Repository(repo.path)
    opened.append(repository)
    base = repository.snapshot(repository.commit("HEAD"), "HEAD")
    assert isinstance(base, CommitSnapshot)
    settings = Settings(**what)  # type: ignore[arg-type]  # keys of Settings
    options = SourceOptions(str(repo.index), offline=True)
    with Session(repository, base, settings, options, repo.path) as session:
        state = read_state(session)
        return bump.prepare(session, state, Request(target))


@pytest.fixture
def monorepo(repo: Repo, open_repositories: list[Repository]) -> Prepared:
    return prepared(repo, open_repositories)


def link(path: str, line: int) -> str:
    return f"https://git.example.org/blob/{SHA}/{path}#L{line}"


def inputs(made: Prepared, **more: object) -> BodyInputs:
    return replace(BodyInputs(made, "main", link=link), **more)


def headings(text: str) -> list[str]:
    tokens = PARSER.parse(text)
    return [b.content for a, b in pairwise(tokens) if (a.type, a.tag) == ("heading_open", "h3")]


# --- what it says -----------------------------------------------------------------------------


def test_a_bump_of_the_monorepo(monorepo: Prepared) -> None:
    found = decide(monorepo.before, monorepo.index, Policy(range="<2.6"), NOW)
    assert isinstance(found, Update)
    about = inputs(
        monorepo,
        way=found.way,
        skipped=found.skipped,
        notes={"2.5.0": "## Hello\n\nby @name", "2.5.1": "fixes #1"},
        without_notes=("2.4.9",),
    )
    text = body.body(about, STATE, GITHUB)
    assert body.title(about) == "Move Flux to 2.5.1 (chart flux2 2.15.0)"
    assert SavedState.parse(text) == STATE
    first, second, _ = text.split("\n\n", 2)
    assert first.startswith("**Risk**: ")
    assert second.startswith("Moves Flux from 2.4.0 to 2.5.1 (chart flux2 from 2.14.1 to 2.15.0")
    for change in monorepo.plan.changes:
        place = f"{change.pin.location.path}:{change.pin.location.line}"
        assert f"[`{place}`]({link(change.pin.location.path, change.pin.location.line)})" in text
    assert headings(text) == [
        "Version lines", "Result of the checks", "CRD changes", "Pins", "Changes that follow",
        "Mentions to review (not changed)", "Next steps, and releases left out",
        "Release notes", "Reproduce this change", "Steer the next run",
    ]  # fmt: skip
    assert "Not 2\\.8" not in text
    assert "not in the range" in text
    assert text.index("Flux 2.5.1</summary>") < text.index("Flux 2.5.0</summary>")
    assert "Not available: those of 2.4.9." in text
    assert "git fetch origin fluxbump/flux-2.5.1" in text


def test_a_release_without_a_chart(
    tmp_path: Path, index: Path, open_repositories: list[Repository]
) -> None:
    repo = repository(tmp_path / "small", {"install.sh": script("2.5.1")}, index)
    made = prepared(repo, open_repositories, "2.6.0")
    about = inputs(made, way=None)
    assert body.title(about) == "Move Flux to 2.6.0"
    text = body.text(about, GITHUB)
    assert text.split("\n\n")[1] == "Moves Flux from 2.5.1 to 2.6.0."
    assert "flux2" not in text.partition("### Result of the checks")[0].partition("Moves Flux")[2]


def test_the_migration_and_what_comes_next(tmp_path: Path, index: Path) -> None:
    made = Repository(repository(tmp_path / "small", small(), index).path)
    try:
        base = made.snapshot(made.commit("HEAD"), "HEAD")
        with Session(made, base, Settings(), SourceOptions(str(index)), None) as session:
            state = read_state(session)
            ready = bump.prepare(session, state, Request("2.5.1"))
    finally:
        made.close()
    found = decide(ready.before, ready.index, Policy(ignore=("2.6",)), NOW)
    assert isinstance(found, Update)
    assert found.way.hops[0].migrate
    text = body.text(inputs(ready, way=found.way), GITHUB)
    assert text.index("### Version lines") < text.index("### Before you merge")
    assert "Run `flux migrate` in every cluster, while it runs Flux 2.4.0" in text
    assert "- HelmRelease v2beta1: a cluster with a long history may" in text
    assert f"It is the first of {len(found.way.hops)} hops to 2.8.5" in text
    assert "- 2.7.5 to 2.8.5, before which: `flux migrate` (OCIRepository v1beta2)" in text


def test_the_differences_of_definitions(monorepo: Prepared) -> None:
    plan = replace(monorepo.plan, targets={**monorepo.plan.targets, FLUX: "2.8.5"})
    text = sections.definitions(inputs(replace(monorepo, plan=plan))).render()
    assert "| OCIRepository | v1 | - | v1beta2 | v1beta2 to v1 |" in text
    unknown = replace(monorepo.plan, targets={**monorepo.plan.targets, FLUX: "2.99.0"})
    text = sections.definitions(inputs(replace(monorepo, plan=unknown))).render()
    assert "The CRDs of Flux 2.99.0 are not known." in text


def test_the_title_is_the_teams(repo: Repo, open_repositories: list[Repository]) -> None:
    made = prepared(repo, open_repositories, commit="chore: Flux {release} for @team\n\nmore")
    assert body.title(inputs(made)) == "chore: Flux 2.5.1 for @\u200bteam"


def test_findings_are_said_apart(monorepo: Prepared) -> None:
    old = Finding("FB120", Severity.NOTE, "an old one", Location("a.md", 3))
    new = Finding("FB202", Severity.WARNING, HOSTILE, Location("b|`.yaml", 4))
    verdict = replace(monorepo.verdict, findings=(old, new), not_run=(NotRun("FB110", "no helm"),))
    made = replace(monorepo, verdict=verdict, inherited=frozenset({old}))
    text = body.text(inputs(made), GITHUB)
    assert "1 finding that the base does not have" in text
    assert "- **warning** FB202 [``b|`.yaml:4``]" in text
    assert (
        "<details>\n<summary>1 finding of 1 rule, as before</summary>\n\n- **note** FB120" in text
    )
    bare = body.text(inputs(made), replace(GITHUB, hidden=False))
    heading = "### Existing findings, not caused by this change\n\n"
    assert f"{heading}1 finding of 1 rule, as before\n\n- **note** FB120" in bare
    assert "- FB110: no helm" in text


def test_the_risk_names_its_rule(monorepo: Prepared) -> None:
    worst = Finding("FB202", Severity.WARNING, "clusters store v1beta2", Location("a.yaml", 4))
    less = Finding("FB120", Severity.NOTE, "an old one", Location("a.md", 3))
    verdict = replace(monorepo.verdict, findings=(less, worst), not_run=(NotRun("FB110", "x"),))
    made = replace(monorepo, verdict=verdict, inherited=frozenset())
    text = body.text(inputs(made), GITHUB)
    assert text.startswith("**Risk**: clusters store v1beta2 (warning of FB202).\n\n")
    verdict = replace(verdict, findings=(), codes=("FB101", "FB102"))
    text = body.text(inputs(replace(made, verdict=verdict)), GITHUB)
    assert text.startswith("**Risk**: 2 rules find nothing new (not run, so not known: FB110).\n\n")


def test_the_route_is_drawn_where_the_forge_draws_it(monorepo: Prepared) -> None:
    removed = Removed("GitRepository", "source.toolkit.fluxcd.io", ("v1beta1",), "v1")
    hops = (
        Hop("2.4.0", "2.5.1", rewrite=(removed,)),
        Hop("2.5.1", "2.8.5"),
    )
    about = inputs(monorepo, way=Route("2.4.0", "2.8.5", hops))
    text = body.text(about, GITHUB)
    drawn = (
        "```mermaid\nflowchart LR\n"
        '  hop0["2.4.0"]\n'
        '  hop0 -- "flux migrate" --> hop1["2.5.1 (this pull request)"]\n'
        '  hop1 --> hop2["2.8.5"]\n'
        "```"
    )
    assert drawn in text
    assert "mermaid" not in body.text(about, replace(GITHUB, diagrams=False))
    before, after = text.index("### Before you merge"), text.index("### After you merge")
    assert before < after < text.index("### CRD changes") < text.index("### Pins")
    assert "- Run `flux migrate` in every cluster again.\n" in text
    assert "runs Flux 2.5.1 (`flux version`), and merge the pull request for 2.8.5" in text


OLD_SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1beta2
kind: OCIRepository
metadata:
  name: app-{number}
  namespace: apps
spec:
  interval: 10m
  url: oci://registry.example.org/apps/app-{number}
"""


def test_the_body_of_300_deprecated_manifests(
    repo: Repo, open_repositories: list[Repository]
) -> None:
    """They are deprecated from 2.6 on: new findings of one run, and old ones of the next."""
    for number in range(300):
        repo.write(f"apps/team-{number % 7}/source-{number}.yaml", OLD_SOURCE.format(number=number))
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "apps")
    made = prepared(repo, open_repositories, "2.6.1")
    long = {f"2.{minor}.0": "- a line of the release notes\n" * 2_000 for minor in (5, 6)}
    about = inputs(made, notes=long, release_page=lambda release: f"https://e.org/v{release}")
    text = body.body(about, STATE, GITHUB)
    assert len(text) <= 15_000
    assert re.search(r"- \*\*\w+\*\* FB\d{3} 30\d times in 30\d files, first at ", text)
    assert "[`2.6.0`](https://e.org/v2.6.0)" in text
    assert " more pin" not in text
    old = replace(made, inherited=frozenset(made.verdict.findings))
    text = body.body(replace(about, prepared=old), STATE, GITHUB)
    assert len(text) <= 15_000
    assert re.search(r"<summary>3\d\d findings of \d+ rules?, as before</summary>", text)
    assert "No findings that the base does not have" in text


# --- always -----------------------------------------------------------------------------------


def hostile(made: Prepared) -> Prepared:
    """The same bump in a repository whose every text is hostile."""
    place = Location(f"x/{HOSTILE}.yaml", 3)
    mention = Mention(FLUX, place, "2.4.0", HOSTILE)
    finding = Finding("FB202", Severity.WARNING, HOSTILE, place)
    change = made.plan.changes[0]
    pin = replace(change.pin, location=place, subject=HOSTILE)
    plan = replace(made.plan, changes=(replace(change, pin=pin),) * 3, kept=((pin, HOSTILE),))
    verdict = replace(made.verdict, findings=(finding,), not_run=(NotRun("FB110", HOSTILE),))
    return replace(
        made, plan=plan, verdict=verdict, mentions=(mention,), message=f"{HOSTILE}\nx",
        branch="fluxbump/`x`$(id)",
    )  # fmt: skip


@pytest.mark.parametrize("hidden", [True, False])
def test_nothing_from_the_repository_acts(monorepo: Prepared, hidden: bool) -> None:
    about = inputs(
        hostile(monorepo), notes={"2.5.1": HOSTILE}, skipped=(Skipped("2.9.0", HOSTILE),)
    )
    text = body.body(about, STATE, replace(GITHUB, hidden=hidden))
    assert SavedState.parse(text) == STATE
    assert "s3cret" not in text + body.title(about)
    tokens = list(flat(PARSER.parse(text)))
    html = {token.content.strip() for token in tokens if token.type.startswith("html")}
    folded = ("Flux 2.5.1", "1 rule not run")
    allowed = {f"<details>\n<summary>{name}</summary>" for name in folded}
    allowed |= {"</details>", STATE.render()}
    allowed |= {f"<!-- fluxbump:{box} -->" for box in Box}
    assert html == (allowed if hidden else set())
    assert not any(token.type == "image" for token in tokens)
    links = {str(t.attrs["href"]) for t in tokens if t.type == "link_open"}
    assert all(one.startswith("https://git.example.org/") for one in links)
    for token in tokens:
        if token.type in ("text", "code_inline", "fence"):
            assert not re.search(r"(?<![\w.+-])@\w|#\d", token.content), token.content
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert rows
    assert all(re.search(r"(?<!\\)\|$", row) for row in rows)
    assert "'fluxbump/`x`$(id)'" in text


def test_links_to_no_address_are_no_links(monorepo: Prepared) -> None:
    about = inputs(monorepo, link=lambda path, line: f"javascript:{path}:{line}")
    assert "](" not in body.text(about, GITHUB)
    secret = inputs(monorepo, link=lambda path, line: f"https://me:s3cret@e.org/{path}?t=s3cret")
    text = body.text(secret, GITHUB)
    assert "s3cret" not in text
    assert "](https://e.org/" in text


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("limit", [2_000, 2_500, AZURE, 8_000, 12_000, 32_767, 65_536])
def test_it_fits(monorepo: Prepared, limit: int, hidden: bool) -> None:
    many = replace(
        monorepo,
        plan=replace(monorepo.plan, changes=monorepo.plan.changes * 30),
        mentions=monorepo.mentions * 30,
    )
    noted = {f"2.{minor}.0": "- it is so\n" * 800 for minor in range(4, 6)}
    about = inputs(many, notes=noted)
    text = body.body(about, STATE, replace(GITHUB, body_limit=limit, hidden=hidden))
    assert len(text) <= min(limit, 15_000)
    assert SavedState.parse(text) == STATE
    assert text.startswith("**Risk**: ")
    assert "\n\nMoves Flux from 2.4.0" in text
    tokens = [token.type for token in flat(PARSER.parse(text))]
    assert tokens.count("fence") == ("Reproduce this change" in text) + (not hidden)


def test_notes_go_first_and_pins_last(monorepo: Prepared) -> None:
    about = inputs(monorepo, notes={"2.5.1": "- it is so\n" * 2_000})
    whole = len(body.text(inputs(monorepo), GITHUB)) + body.STATE_ROOM
    less = body.text(about, replace(GITHUB, body_limit=whole + 2_000))
    assert "more lines left out, for length" in less
    assert all(code not in less for code in (" more mention", " more pin"))
    none = body.text(about, replace(GITHUB, body_limit=whole + 10))
    assert "### Release notes" not in none
    fewer = body.text(about, replace(GITHUB, body_limit=whole - 300))
    assert re.search(r"\d+ more mentions?\.", fewer)
    assert " more pin" not in fewer


def test_the_same_inputs_give_the_same_bytes(monorepo: Prepared) -> None:
    about = inputs(monorepo, notes={"2.5.1": "hello"})
    assert body.body(about, STATE, GITHUB) == body.body(replace(about), STATE, GITHUB)
    said = body.digest(about, GITHUB)
    assert re.fullmatch("[0-9a-f]{64}", said)
    elsewhere = inputs(monorepo, notes=about.notes, link=lambda path, line: f"https://b/{path}")
    assert body.digest(elsewhere, GITHUB) == said
    assert body.digest(inputs(monorepo, without_notes=("2.5.1",)), GITHUB) == said
    news = inputs(monorepo, skipped=(Skipped("2.9.0", "ignored"),))
    assert body.digest(news, GITHUB) != said


def test_which_releases_are_crossed() -> None:
    known = body.crossed("2.6.1", "2.7.2", chart_index(), crds.crds())
    assert known == ("2.7.2", "2.7.1", "2.7.0", "2.6.4", "2.6.3", "2.6.2")
    assert body.crossed(None, "2.7.2", chart_index(), {}) == ("2.7.2",)
    assert body.crossed("2.7.2", "2.6.4", chart_index(), {}) == ("2.6.4",)
