"""`fluxbump run` from end to end: real git over HTTP, and a forge over the same branches."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest

from fluxbump.run.decision import Outcome
from fluxbump.run.job import Report
from fluxbump.run.one_pass import TRAILER
from fluxbump.run.pull_request.state import PUSHED, SavedState
from tests import helpers
from tests.forges.fake_server import Reply
from tests.git_server import git
from tests.helpers import Repo, Result, assert_refused
from tests.run.conftest import Make
from tests.run.world import BRANCH, CONFIG, NAME, SPRING, SUMMER, World
from tests.secrets import PLANTED

NEXT = "fluxbump/flux-2.6.1"


def state(there: World, number: int) -> SavedState:
    found = SavedState.parse(there.forge.pulls[number].body)
    assert found is not None
    return found


def events(report: Report) -> list[str]:
    return [one.event for one in report.done]


def numbers(there: World) -> dict[int, str]:
    """Map the open pull requests to their branches."""
    return {one.number: one.branch for one in there.open()}


def settled(there: World, now: str) -> None:
    """Check that a run with nothing to do asks nobody to change anything."""
    marks = there.marks()
    there.run(now)
    marks.require_nothing_changed()


# --- opening ----------------------------------------------------------------------------------


def test_opens_one_pull_request_with_what_to_makes(there: World) -> None:
    result = there.command("--output", "json")

    assert result.json["outcome"] == "update-available"
    assert result.json["pull_request"]["number"] == 1
    assert [one["event"] for one in result.json["done"]] == ["pushed", "opened"]
    assert numbers(there) == {1: BRANCH}
    assert there.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    message = there.git("log", "-1", "--format=%B", BRANCH)
    assert message.splitlines()[-1] == f"{TRAILER}: {there.tree(BRANCH)}"
    own = state(there, 1)
    assert (own.release, own.chart_version) == ("2.5.1", "2.15.0")
    assert (own.base, own.head) == (there.tip("main"), there.tip(BRANCH))
    assert own.tree == there.tree(BRANCH)

    by_hand = there.bump("2.5.1")
    assert there.tree(by_hand) == own.tree


# Flux 2.6 is the first to call v1beta2 of OCIRepository deprecated.
DEPRECATED_SOON = {
    "apps/a.yaml": "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: OCIRepository\n"
    "metadata: {name: a}\nspec: {}\n"
}


def test_asks_for_what_the_policy_says(make: Make) -> None:
    there = make(
        config=f"{CONFIG}  labels: [flux, deps]\n  assignees: [octocat]\n"
        "  reviewers: [hubot, acme/platform]\n  draft_on_warnings: false\n  auto_merge: true\n"
    )
    there.push("main", DEPRECATED_SOON)
    there.publish(SUMMER)
    there.run(SUMMER)
    (pull,) = there.open()
    assert (pull.labels, pull.assignees) == (["flux", "deps"], ["octocat"])
    assert (pull.reviewers, pull.teams) == (["hubot"], ["platform"])
    assert not pull.draft
    assert pull.auto_merge
    settled(there, SUMMER)


def test_new_warnings_make_a_draft_and_what_a_person_made_ready_stays_so(there: World) -> None:
    there.push("main", DEPRECATED_SOON)
    there.publish(SUMMER)
    there.run(SUMMER)
    assert there.forge.pulls[1].draft
    there.forge.pulls[1].draft = False
    there.push("main", {"README.md": "new\n"})
    assert events(there.run(SUMMER)) == ["pushed", "refreshed"]
    assert not there.forge.pulls[1].draft


def test_warnings_that_the_base_has_too_make_no_draft(there: World) -> None:
    there.run(SPRING)
    assert "FB205" in there.forge.pulls[1].body
    assert not there.forge.pulls[1].draft


def test_a_second_run_changes_nothing(there: World) -> None:
    there.command()
    marks = there.marks()
    result = there.command("--output", "json")
    assert result.json["pull_request"]["number"] == 1
    assert marks.asked()
    marks.require_nothing_changed()


def test_an_edited_body_is_left_while_it_has_its_state(there: World) -> None:
    there.run(SPRING)
    there.forge.pulls[1].body = "Reviewed by me.\n\n" + there.forge.pulls[1].body
    settled(there, SPRING)


def test_a_body_that_lost_its_state_is_written_anew(there: World) -> None:
    there.run(SPRING)
    there.forge.pulls[1].body = "nothing"
    assert events(there.run(SPRING)) == ["refreshed"]
    assert state(there, 1).head == there.tip(BRANCH)
    settled(there, SPRING)


# --- refreshing -------------------------------------------------------------------------------


def test_a_base_that_moves_brings_a_refresh(there: World) -> None:
    there.run(SPRING)
    main = there.push("main", {"README.md": "new\n"})
    assert events(there.run(SPRING)) == ["pushed", "refreshed"]
    assert numbers(there) == {1: BRANCH}
    assert there.git("rev-parse", f"{BRANCH}^") == main
    assert (state(there, 1).base, state(there, 1).head) == (main, there.tip(BRANCH))
    assert there.forge.pulls[1].comments == []
    settled(there, SPRING)


@pytest.mark.parametrize("when", ["conflicted", "never"])
def test_a_branch_that_merges_waits_until_the_content_changes(when: str, make: Make) -> None:
    there = make(config=f"{CONFIG}  rebase_when: {when}\n")
    there.run(SPRING)
    there.push("main", {"unrelated.txt": "new\n"})
    settled(there, SPRING)
    there.push("main", {"clusters/gamma/flux.yaml": helpers.release()})
    assert events(there.run(SPRING)) == ["pushed", "refreshed"]
    assert "clusters/gamma/flux.yaml" in there.git("diff", "--name-only", f"main..{BRANCH}")
    settled(there, SPRING)


def conflicted(there: World) -> None:
    """The base changes a comment beside a pin, so that the branch does not merge any more."""
    there.run(SPRING)
    diff = there.git("diff", "--unified=0", "main", BRANCH)
    path = re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)[0]
    old = re.findall(r"^-([^-].*)$", diff, re.MULTILINE)[0]
    text = there.git("show", f"main:{path}")
    assert text.count(old) == 1
    there.push("main", {path: text.replace(old, f"{old} # why") + "\n"})
    assert not there.mergeable(1)


def test_a_branch_that_conflicts_is_rebuilt(make: Make) -> None:
    there = make(config=f"{CONFIG}  rebase_when: conflicted\n")
    conflicted(there)
    assert events(there.run(SPRING)) == ["pushed", "refreshed"]
    assert there.mergeable(1)
    settled(there, SPRING)


def test_auto_merge_is_set_when_a_draft_becomes_ready(make: Make) -> None:
    there = make(config=f"{CONFIG}  auto_merge: true\n")
    there.push("main", DEPRECATED_SOON)
    there.publish(SUMMER)
    assert events(there.run(SUMMER)) == ["pushed", "opened"]
    assert (there.forge.pulls[1].draft, there.forge.pulls[1].auto_merge) == (True, False)
    settled(there, SUMMER)
    there.forge.pulls[1].draft = False
    there.push("main", {"README.md": "new\n"})
    assert events(there.run(SUMMER)) == ["pushed", "refreshed", "scheduled"]
    assert there.forge.pulls[1].auto_merge
    settled(there, SUMMER)
    there.forge.pulls[1].auto_merge = False  # a person cancels it
    settled(there, SUMMER)
    assert not there.forge.pulls[1].auto_merge


def test_auto_merge_that_the_repository_does_not_allow_is_told_once(make: Make) -> None:
    there = make(config=f"{CONFIG}  auto_merge: true\n")
    there.push("main", DEPRECATED_SOON)
    there.publish(SUMMER)
    there.run(SUMMER)
    there.forge.pulls[1].draft = False
    there.forge.auto_merge = False
    assert "does not allow it" in there.run(SUMMER).done[-1].message
    settled(there, SUMMER)


# --- what comes after -------------------------------------------------------------------------


def test_a_young_chart_is_proposed_when_it_is_old_enough(make: Make) -> None:
    there = make(config=f"{CONFIG}  min_age_days: 7\n")  # 2.5.1 came on 2025-02-26 at 07:09:26
    marks = there.marks()
    for now in (SPRING, "2025-03-05T07:09"):
        report = there.run(now)
        assert report.outcome is Outcome.WAITING
        assert "7 days old before 2025-03-05 07:09" in report.summary
    marks.require_nothing_changed()
    assert (marks.asked(), numbers(there)) == ([], {})

    assert events(there.run("2025-03-05T07:10")) == ["pushed", "opened"]
    assert numbers(there) == {1: BRANCH}

    # A younger one is no reason to give up the one that is open, which says why it is not newer.
    there.publish("2025-06-06")
    assert there.run("2025-06-06").outcome is Outcome.UPDATE
    assert numbers(there) == {1: BRANCH}
    assert "its chart is not 7 days old before 2025-06-12" in there.forge.pulls[1].body
    assert events(there.run("2025-06-13")) == ["pushed", "opened", "superseded"]
    assert numbers(there) == {2: NEXT}


def test_a_newer_release_supersedes(there: World) -> None:
    there.run(SPRING)
    there.publish(SUMMER)
    assert events(there.run(SUMMER)) == ["pushed", "opened", "superseded"]
    assert numbers(there) == {2: NEXT}
    old = there.forge.pulls[1]
    assert old.comments == ["Closed in favor of Flux 2.6.1: a newer release replaces it."]
    assert state(there, 1).superseded_by == "2.6.1"
    assert set(there.branches()) == {"main", NEXT}
    settled(there, SUMMER)


def test_what_a_person_opens_again_is_left_alone(there: World) -> None:
    there.run(SPRING)
    tip = there.tip(BRANCH)
    there.publish(SUMMER)
    there.run(SUMMER)
    there.git("update-ref", f"refs/heads/{BRANCH}", str(tip))  # "Restore branch"
    there.forge.reopen(1)
    report = there.run(SUMMER)
    assert [one.message for one in report.done] == [
        "#2: unchanged",
        "#1: it was reopened after it was closed",
    ]
    assert numbers(there) == {1: BRANCH, 2: NEXT}
    settled(there, SUMMER)
    there.forge.close(1)
    there.forge.close(2)
    assert events(there.run(SUMMER)) == ["left", "told", "deleted"]


def test_what_a_person_closed_is_not_proposed_again(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    assert there.run(SPRING).done[0].message == "#1 was closed unmerged"
    settled(there, SPRING)
    there.push("main", {"README.md": "new\n"})
    settled(there, SPRING)
    there.publish(SUMMER)
    there.run(SUMMER)
    assert numbers(there) == {2: NEXT}
    settled(there, SUMMER)


def test_what_a_person_closed_and_tidied_is_not_proposed_again(there: World) -> None:
    there.run(SPRING)
    there.forge.close(1)
    there.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert events(there.run(SPRING)) == ["left", "told"]
    settled(there, SPRING)
    assert numbers(there) == {}


def test_a_branch_that_a_person_pushed_to_is_theirs(there: World) -> None:
    there.run(SPRING)
    theirs = there.push(BRANCH, {"README.md": "by hand\n"})
    there.push("main", {"other.txt": "new\n"})

    assert events(there.run(SPRING)) == ["told"]
    assert len(there.forge.pulls[1].comments) == 1
    assert PUSHED in state(there, 1).told
    settled(there, SPRING)

    there.publish(SUMMER)
    assert "superseded" not in events(there.run(SUMMER))
    assert numbers(there) == {1: BRANCH, 2: NEXT}
    assert there.tip(BRANCH) == theirs
    assert len(there.forge.pulls[1].comments) == 1
    settled(there, SUMMER)


def test_max_open_counts_what_people_keep(make: Make) -> None:
    there = make(config=f"{CONFIG}  max_open: 1\n")
    there.run(SPRING)
    theirs = there.push(BRANCH, {"README.md": "by hand\n"})
    there.run(SPRING)
    there.publish(SUMMER)
    report = there.run(SUMMER)
    assert "max_open is 1" in " ".join(one.message for one in report.done)
    assert numbers(there) == {1: BRANCH}
    assert there.tip(BRANCH) == theirs
    settled(there, SUMMER)


@pytest.mark.parametrize("squash", [False, True], ids=["merge", "squash"])
def test_after_a_merge_the_branch_goes_and_the_next_release_comes(
    squash: bool, there: World
) -> None:
    there.run(SPRING)
    there.merge(1, squash=squash)
    report = there.run(SPRING)
    assert (report.outcome, events(report)) == (Outcome.UP_TO_DATE, ["deleted"])
    assert set(there.branches()) == {"main"}
    settled(there, SPRING)
    there.publish(SUMMER)
    there.run(SUMMER)
    assert numbers(there) == {2: NEXT}


def test_what_was_merged_and_taken_back_is_not_proposed_again(there: World) -> None:
    before = there.tip("main")
    there.run(SPRING)
    there.merge(1)
    there.run(SPRING)
    assert before
    taken_back = there.git("commit-tree", f"{before}^{{tree}}", "-p", "main", "-m", "Revert")
    there.git("update-ref", "refs/heads/main", taken_back)
    assert "no longer in the base" in there.run(SPRING).done[-1].message
    settled(there, SPRING)


def test_a_bump_by_hand_closes_the_proposal(there: World) -> None:
    there.run(SPRING)
    there.bump("2.5.1")
    assert events(there.run(SPRING)) == ["superseded"]
    assert len(there.forge.pulls[1].comments) == 1
    assert set(there.branches()) == {"main"}
    settled(there, SPRING)


def test_a_duplicate_is_closed_and_the_first_stays(there: World) -> None:
    there.run(SPRING)
    there.git("update-ref", "refs/heads/release", "main")
    first = there.forge.pulls[1]
    there.forge.add(BRANCH, base="release", title=first.title, body=first.body)
    assert events(there.run(SPRING)) == ["left", "superseded"]
    assert numbers(there) == {1: BRANCH}
    assert there.tip(BRANCH)
    settled(there, SPRING)


# --- outcomes ---------------------------------------------------------------------------------


def test_blocked_tells_by_which_rules(make: Make) -> None:
    there = make(state="incident")
    marks = there.marks()
    result = there.command("--exit-code", "--output", "json")
    assert result.code == 21
    content = json.loads(result.out)
    assert (content["outcome"], content["codes"]) == ("blocked", ["FB103"])
    assert marks.asked() == []
    marks.require_nothing_changed()


def test_an_update_is_told_by_the_exit_code(there: World) -> None:
    assert there.command("--exit-code").code == 20


def test_nothing_to_do_does_not_even_ask_the_forge(there: World) -> None:
    there.publish("2025-02-01")
    marks = there.marks()
    result = there.command("--exit-code")
    assert (result.code, result.out) == (0, "Flux 2.4.0 is up to date with the policy.\n")
    assert marks.asked() == []
    marks.require_nothing_changed()


def test_waits_outside_of_the_schedule(make: Make) -> None:
    there = make(config=f"{CONFIG}  schedule: [mon-fri 08:00-17:00]\n")
    marks = there.marks()
    sunday, monday = "2025-03-02T12:00", "2025-03-03T08:00"
    assert there.run(sunday).outcome is Outcome.WAITING
    assert marks.asked() == []
    marks.require_nothing_changed()
    assert there.run(monday).outcome is Outcome.UPDATE
    there.push("main", {"README.md": "new\n"})
    settled(there, sunday)


def test_what_was_merged_is_tidied_up_outside_of_the_schedule(make: Make) -> None:
    there = make(config=f"{CONFIG}  schedule: [mon-fri 08:00-17:00]\n")
    there.run("2025-03-03T08:00")
    there.merge(1)
    there.publish(SUMMER)
    report = there.run("2025-06-15T12:00")  # a Sunday
    assert (report.outcome, events(report)) == (Outcome.WAITING, ["deleted"])
    assert set(there.branches()) == {"main"}


# --- errors -----------------------------------------------------------------------------------


def test_without_a_token_nobody_is_let_in(there: World) -> None:
    there.server.token = None
    marks = there.marks()
    result = there.command(FLUXBUMP_TOKEN="")
    assert_refused(result, 2, "FLUXBUMP_TOKEN")
    environ = {k: v for k, v in there.environ.items() if k != "FLUXBUMP_TOKEN"}
    done = subprocess.run(
        there.arguments(), cwd=there.root, env=environ, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (10, b"Flux 2.4.0 can move to 2.5.1.\n")
    assert b"no token for" in done.stderr
    marks.require_nothing_changed()


@pytest.mark.parametrize("status", [401, 403])
def test_a_forge_that_refuses_is_one_line_and_the_next_run_goes_on(
    status: int, there: World
) -> None:
    message = {401: "Bad credentials", 403: "Resource not accessible by personal access token"}
    body = {"message": message[status], "documentation_url": "https://docs.github.com/rest"}
    there.forge.trouble(Reply(status, body), method="POST", path="/pulls$")
    result = there.command()
    done = "Flux 2.4.0 can move to 2.5.1.\n  pushed fluxbump/flux-2.5.1\n"
    assert (result.code, result.out) == (10, done)
    assert str(status) in result.err
    assert (numbers(there), there.tip(BRANCH) is not None) == ({}, True)
    assert events(there.run(SPRING)) == ["opened"]
    assert numbers(there) == {1: BRANCH}
    settled(there, SPRING)


def test_a_forge_that_breaks_down_while_it_opens_leaves_one_pull_request(there: World) -> None:
    there.forge.trouble(Reply(500, {"message": "broken"}), method="POST", path="/pulls$")
    there.command()
    there.run(SPRING)
    assert numbers(there) == {1: BRANCH}
    settled(there, SPRING)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_token_does_not_go_where_a_file_says(make: Make, host: str) -> None:
    """Neither to another host nor to another port of the remote's: the forge has its own here."""
    there = make()
    elsewhere = there.forge.url.replace("127.0.0.1", host)
    there.push("main", {"fluxbump.yaml": f"{CONFIG}  forge_url: {elsewhere}\n"})
    arguments = there.arguments()
    at = arguments.index("--forge-url")
    done = subprocess.run(
        arguments[:at] + arguments[at + 2 :],
        cwd=there.root, env=there.environ, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 9
    assert f"run.forge_url names {urlsplit(elsewhere).netloc}, and" in done.stderr.decode()
    assert there.forge.exchanges == []
    assert set(there.branches()) == {"main"}


def test_a_job_on_the_forge_says_which_forge_it_is(make: Make) -> None:
    there = make()
    there.push("main", {"fluxbump.yaml": "run: {release_notes: null}\n"})
    alone = there.command()
    assert alone.code == 10
    assert "unknown kind of forge: 127.0.0.1" in alone.err
    site = there.url.removesuffix(f"/{NAME}")
    done = there.command(GITHUB_ACTIONS="true", GITHUB_SERVER_URL=site)
    assert done.code == 0, done.err
    assert numbers(there) == {1: BRANCH}


def test_a_relative_path_of_a_clone_is_not_looked_for_in_the_current_directory(
    there: World,
) -> None:
    assert there.index.name == "index.yaml"  # which lies where the command runs
    there.push("main", {"fluxbump.yaml": f"index: index.yaml\n{CONFIG}"})
    arguments = there.arguments()
    at = arguments.index("--index")
    del arguments[at : at + 2]
    done = subprocess.run(
        arguments, cwd=there.root, env=there.environ, capture_output=True, check=False
    )
    there.results.append(Result(done.returncode, done.stdout, done.stderr.decode()))
    assert done.returncode == 3
    assert b"fluxbump.yaml: index is a relative path, and there is no working tree" in done.stderr
    assert numbers(there) == {}


# --- a checkout -------------------------------------------------------------------------------


@pytest.fixture
def checkout(there: World) -> Repo:
    """A clone of the remote with work going on in it."""
    path = there.root / "checkout"
    git(there.bare, "clone", "--quiet", str(there.bare), str(path))
    repo = Repo(path, there.home, there.index)
    repo.git("remote", "set-url", "origin", there.url)
    repo.git("checkout", "--quiet", "-b", "work")
    repo.write("staged.txt", "staged\n")
    repo.git("add", "staged.txt")
    repo.write("README.md", "changed\n")
    return repo


def test_git_has_the_token_of_the_kind_that_only_the_file_names(
    there: World, checkout: Repo
) -> None:
    def ended(repo: str | Path | None, **variables: str) -> Result:
        environ = {k: v for k, v in there.environ.items() if k != "FLUXBUMP_TOKEN"}
        done = subprocess.run(
            there.arguments(repo=repo), cwd=there.root, env={**environ, **variables},
            capture_output=True, check=False,
        )  # fmt: skip
        there.results.append(Result(done.returncode, done.stdout, done.stderr.decode()))
        return there.results[-1]

    other = ended(checkout.path, GITLAB_TOKEN=PLANTED, GITHUB_TOKEN=PLANTED)
    assert_refused(other, 6, "asks for a credential")
    assert there.forge.exchanges == []
    assert ended(checkout.path, GH_ENTERPRISE_TOKEN=PLANTED).code == 0
    assert numbers(there) == {1: BRANCH}

    # Of a remote that is not here nothing says the kind, unless everybody may read it.
    there.push("main", {"README.md": "new\n"})
    assert_refused(ended(there.url, GH_ENTERPRISE_TOKEN=PLANTED), 6, "asks for a credential")
    there.server.public = True
    assert ended(there.url, GH_ENTERPRISE_TOKEN=PLANTED).code == 0
    assert state(there, 1).base == there.tip("main")


def test_a_checkout_is_used_and_not_touched(there: World, checkout: Repo) -> None:
    main = there.push("main", {"other.txt": "which the checkout has not seen\n"})
    before, branches, refs = checkout.state(), checkout.branches(), checkout.git("show-ref")
    result = there.command("--output", "json", repo=checkout.path)
    assert result.json["base"] == main
    assert numbers(there) == {1: BRANCH}
    assert checkout.state() == before
    assert checkout.branches() == branches
    after = checkout.git("show-ref").splitlines()
    assert {line.split()[1] for line in set(after) - set(refs.splitlines())} <= {
        "refs/fluxbump/fetched/main"
    }
    settled_marks = there.marks()
    there.run(SPRING)
    settled_marks.require_nothing_changed()


# --- dry runs ---------------------------------------------------------------------------------


def test_a_dry_run_prints_what_a_run_sends(there: World) -> None:
    marks = there.marks()
    result = there.command("--dry-run", "--output", "json")
    marks.require_nothing_changed()
    said = result.json
    assert (said["dry_run"], said["pull_request"]["number"]) == (True, 0)
    assert [(one["what"], one["subject"]) for one in said["sent"]] == [
        ("push", BRANCH), ("open", BRANCH),
    ]  # fmt: skip

    there.command()
    pull = there.forge.pulls[1]
    tip = there.tip(BRANCH)
    assert tip
    sent = said["sent"][1]
    assert sent["title"] == pull.title
    assert sent["text"].replace("0" * 40, tip) == pull.body
    assert said["patch"] == there.git("diff", "--binary", "--full-index", f"main..{BRANCH}") + "\n"


def test_a_dry_run_for_people(there: World) -> None:
    marks = there.marks()
    result = there.command("-n")
    marks.require_nothing_changed()
    assert result.code == 0
    for line in (f"Would push {BRANCH}", f"Would open a pull request from {BRANCH}"):
        assert line in result.out
    assert "dry run: fluxbump pushed and sent nothing" in result.err


def test_a_dry_run_of_what_is_superseded_sends_nothing(there: World) -> None:
    there.run(SPRING)
    there.publish(SUMMER)
    marks = there.marks()
    report = there.run(SUMMER, dry_run=True)
    assert [one.what for one in report.sent] == [
        "push", "open", "update", "delete", "comment", "close",
    ]  # fmt: skip
    marks.require_nothing_changed()


# --- for programs -----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)], ids=["live", "dry"])
@pytest.mark.parametrize("world_state", ["aligned", "incident"])
def test_json_is_what_the_schema_says(
    arguments: tuple[str, ...], world_state: str, make: Make
) -> None:
    there = make(state=world_state)
    printed = subprocess.run(
        [str(helpers.SCRIPT), "schema", "run"], env=there.environ, capture_output=True, check=True
    )
    result = there.command("--output", "json", *arguments)
    jsonschema.Draft202012Validator(json.loads(printed.stdout)).validate(result.json)


def test_the_log_is_a_json_line_each(there: World) -> None:
    result = there.command("--log-format", "json")
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert [line["event"] for line in lines] == ["decided", "pushed", "opened"]
    assert all({"time", "event", "message"} <= line.keys() for line in lines)


def test_a_workflow_gets_a_summary(there: World) -> None:
    page = there.root / "summary.md"
    page.write_text("before\n", encoding="utf-8")
    there.command(GITHUB_STEP_SUMMARY=str(page))
    said = page.read_text("utf-8")
    assert said.startswith("before\n### Flux 2.4.0 can move to 2.5.1")
    assert "https://github.example/acme/monorepo/pull/1" in said


@pytest.mark.parametrize(("name", "what"), [
    ("fluxbump.run.execute Effect", f"pushed the branch {BRANCH}"),
    ("fluxbump.git.remote ref_results", f"perhaps pushed the branch {BRANCH}"),
    ("fluxbump.reports.run summary",
     f"pushed the branch {BRANCH}, opened a pull request from {BRANCH}"),
])  # fmt: skip
def test_a_bug_does_not_hide_what_was_pushed(there: World, name: str, what: str) -> None:
    command = [sys.executable, "-m", "tests.plant_bug", *name.split(), *there.arguments()[1:]]
    environ = {**there.environ, "PYTHONPATH": str(helpers.ROOT)}
    done = subprocess.run(
        command, cwd=there.root, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    told = f"error: bug in fluxbump: TypeError: planted\n  before that, fluxbump had {what}\nnext: "
    assert told in done.stderr
    assert there.tip(BRANCH) is not None


def test_a_summary_page_that_cannot_be_written_is_a_note(there: World) -> None:
    result = there.command(GITHUB_STEP_SUMMARY="/no/such/page")
    assert result.code == 0
    assert result.err.endswith(
        "fluxbump: the summary page cannot be written: No such file or directory\n"
    )
    assert "opened pull request #1" in result.out
