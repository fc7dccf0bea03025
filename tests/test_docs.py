"""The documentation is true: transcripts, options, links, rule pages, headings, CI files."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from fluxbump.check import check, gate
from fluxbump.check.rules import RULES, pages
from fluxbump.config import file as config
from fluxbump.config.file import Config
from fluxbump.config.settings import Policy, Settings
from fluxbump.discover.pins import KINDS
from fluxbump.flux.tables import crds
from fluxbump.flux.tables.charts import published
from fluxbump.forges.kinds import KINDS as FORGES
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.reports.formats.registry import FORMATS
from tests import docs_runner, helpers
from tests.docs_runner import FENCE, Section, sections
from tests.helpers import ROOT, Repo
from tests.tools import find_helm

DOCS = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
PROSE = [*DOCS, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
PAGES = sorted((ROOT / "fluxbump/check/rules/pages").glob("FB*.md"))


def _text(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _yaml(text: str) -> Any:
    return list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))


def _load(name: str) -> Any:
    (document,) = _yaml(_text(name))
    return document


def _blocks(text: str, language: str) -> Iterator[str]:
    yield from (m["body"] for m in FENCE.finditer(text) if m["info"] == language)


def _headings(text: str, level: int) -> list[str]:
    return re.findall(rf"^#{{{level}}} (.+)$", FENCE.sub("", text), re.MULTILINE)


# --- transcripts ------------------------------------------------------------------------------

_SECTIONS = [
    pytest.param(section, id=f"{name}:{section.steps[0].line}")
    for name in DOCS
    for section in sections(_text(name))
    if section.steps
]


@pytest.mark.parametrize("section", _SECTIONS)
def test_transcript(section: Section, tmp_path: Path, index: Path, templates: Path) -> None:
    if section.helm and not find_helm():
        pytest.skip("no helm: run `make tools`")
    found = list(docs_runner.problems(docs_runner.run(section, tmp_path, index, templates)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", PROSE)
def test_every_block_says_what_it_is(name: str) -> None:
    known = {
        "console",
        "console cluster",
        "yaml",
        "sh",
        "python",
        "hcl",
        "text",
        "json",
        "xml",
        "nix",
    }
    for block in FENCE.finditer(_text(name)):
        assert block["info"] in known | {"", "markdown", "diff", "nix"}, block["info"]
        if block["info"] == "console cluster":
            assert block["body"].startswith("# needs a cluster\n")
            assert "$ fluxbump" not in block["body"], "this needs no cluster"


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        ("a\n…\nc", "a\nb1\nb2\nc\n", True),
        ("a\n…", "a\n", True),
        ("a … c", "a b c\n", True),
        ("a   b", "a b\n", True),
        ("commit 0123456", "commit fedcba9876543210fedcba9876543210fedcba98\n", True),
        ("a", "a\nb\n", False),
        ("", "a\n", False),
        ("a.c", "abc\n", False),
        ("a\n…\nc", "a\nb\n", False),
    ],
)
def test_a_transcript_is_compared(expected: str, output: str, same: bool) -> None:
    assert docs_runner.matches(tuple(expected.split("\n")), output) is same


def test_a_failure_has_to_be_written_down(tmp_path: Path, index: Path, templates: Path) -> None:
    text = "<!-- repository: aligned -->\n```console\n$ false\n$ true\n```\n"
    (section,) = sections(text)
    (problem,) = docs_runner.problems(docs_runner.run(section, tmp_path, index, templates))
    assert "line 3" in problem


# --- options, links, headings -----------------------------------------------------------------


@pytest.fixture(scope="session")
def options() -> dict[str, set[str]]:
    """The long options of each command, as its help lists them."""
    env = {**os.environ, "COLUMNS": "200"}

    def helped(*command: str) -> str:
        run = [str(helpers.SCRIPT), *command, "--help"]
        return subprocess.run(run, capture_output=True, text=True, env=env, check=True).stdout

    listed = helped().partition("Commands:")[2].partition("\n\n")[0]
    commands = re.findall(r"^  (\w+) {2,}", listed, re.MULTILINE)
    assert {"to", "check", "status"} <= set(commands)
    return {name: {*docs_runner.options(helped(name)), "--help"} for name in commands}


_OTHERS = {
    # git, helm, kubectl, flux and make take these in our examples
    *("--stat", "--short", "--branch", "--quiet", "--format", "--oneline", "--delete", "--force"),
    *("--no-edit", "--namespace", "--all-namespaces", "--status-selector", "--output", "--since"),
    *("--git", "--type", "--patch", "--server-side", "--force-conflicts", "--filename", "--strict"),
    *("--show-managed-fields", "--no-headers", "--field-manager", "--subresource", "--timeout"),
    *("--selector", "--for", "--replicas", "--ignore-not-found"),
    *("--install", "--set", "--checksum"),
    # and gh and cosign these
    *("--body-file", "--certificate-oidc-issuer", "--certificate-identity"),
    # and pip these
    *("--disable-pip-version-check",),
    # and flux bootstrap these
    *("--url", "--path"),
    # and minikube takes this, as FB207 says
    "--kubernetes-version",
    # and flux install these
    *("--export", "--components-extra"),
    # and ADD in a Dockerfile this
    "--checksum",
    # and helm this, as FB301 says
    "--reuse-values",
}


@pytest.mark.parametrize("path", [*map(Path, PROSE), *PAGES], ids=lambda path: path.name)
def test_options_exist(path: Path, options: Mapping[str, set[str]]) -> None:
    text = re.sub(r"<!--.*?-->", "", _text(path), flags=re.DOTALL)
    own = {"--version", "--show-completion", "--install-completion"}
    known = set().union(*options.values(), own) | _OTHERS
    assert not docs_runner.options(text).keys() - known
    for command, rest in re.findall(r"\bfluxbump (\w+)([^\n`|]*)", text):
        if command in options:
            assert docs_runner.options(rest).keys() <= options[command], f"fluxbump {command}{rest}"


@pytest.mark.parametrize("name", PROSE)
def test_links_resolve(name: str) -> None:
    text = FENCE.sub("", _text(name))
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if anchor:
            body = _text(file)
            titles = [title for level in (1, 2, 3) for title in _headings(body, level)]
            assert anchor in {_anchor(title) for title in titles}, target


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", PROSE)
def test_readme_leads_everywhere(name: str) -> None:
    if name != "README.md":
        assert f"({name})" in _text("README.md")


def test_readme_begins_with_the_two_commands() -> None:
    screen = _text("README.md").splitlines()[:24]
    assert [line for line in screen if re.match(r"    make (demo|test)\b", line)]


def test_every_kind_has_a_heading() -> None:
    assert [one for one in _headings(_text("docs/pins.md"), 2) if one in KINDS] == list(KINDS)


def test_every_key_has_a_heading() -> None:
    text = _text("docs/configuration.md")
    assert set(Config.__struct_fields__) <= set(_headings(text, 2))
    assert {f"run.{key}" for key in Policy.__struct_fields__} == set(_headings(text, 3))


def test_the_releases_that_the_tables_know_are_said() -> None:
    first, *_, last = crds.crds()
    for name in ("docs/check.md", "docs/safety.md"):
        assert f"{first} to {last}" in _text(name)


def test_every_format_is_named() -> None:
    assert all(f"`{name}`" in _text("docs/check.md") for name in FORMATS)


def test_every_forge_has_a_row() -> None:
    table = _text("docs/forges.md").partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(FORGES)


def test_every_module_has_a_row() -> None:
    """The picture of the house names each module below its room; leaves go by their folder."""
    leaves = ("check/rules/", "discover/pins/", "reports/formats/")
    sections = _text("docs/design.md").split("\n### `")[1:]
    told = {
        f"{room}/{name}"
        for section in sections
        for room in [section.partition("/`")[0]]
        for name in re.findall(r"^\| `([a-z_/]+)` \|", section, re.MULTILINE)
    }
    top = ROOT / "fluxbump"
    there = {path.relative_to(top).with_suffix("").as_posix() for path in top.glob("*/**/*.py")}
    assert {name for name in told if not name.endswith("/") and not name.startswith(leaves)} == {
        name for name in there if not name.endswith("/__init__") and not name.startswith(leaves)
    }


def test_configuration_examples_are_valid() -> None:
    keys = set(Config.__struct_fields__)
    seen: set[str] = set()
    for path in [*map(Path, DOCS), *PAGES]:
        for block in _blocks(_text(path), "yaml"):
            (content,) = _yaml(block) if "\n---" not in block else [None]
            if isinstance(content, dict) and content and content.keys() <= keys:
                config.parse(block)
                seen |= content.keys()
    assert seen == keys


def test_the_python_example_runs(repo: Repo, capfd: pytest.CaptureFixture[str]) -> None:
    (block,) = _blocks(_text("docs/check.md"), "python")
    code = block.replace('base="origin/main"', f'base="main", index={str(repo.index)!r}')
    python = helpers.SCRIPT.with_name("python")
    subprocess.run([python, "-c", code], cwd=repo.path, env=repo.environment(), check=True)
    assert "FB105 was not run" in capfd.readouterr().out


# --- rule pages -------------------------------------------------------------------------------


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert [path.stem for path in PAGES] == list(RULES)


@pytest.mark.parametrize("code", RULES)
def test_page(code: str) -> None:
    text = pages.page(code)
    assert text.startswith(f"# {code} {RULES[code].slug}\n\n")
    assert text.split("\n\n")[1].strip().endswith(".")
    headings = _headings(text, 2)
    assert headings[:4] == ["Why", "Bad", "Good", "Fix"]
    assert headings[4:] in ([], ["When it is not run"])
    for block in _blocks(text, "yaml"):
        _yaml(block)


_JUDGED = [code for code in RULES if code not in ("FB105", "FB106")]


@pytest.mark.parametrize("code", _JUDGED)
def test_examples_are_what_they_say(code: str) -> None:
    assert code in _found(code, "Bad")
    assert code not in _found(code, "Good")


def test_a_page_that_needs_a_base_shows_one() -> None:
    """FB202 compares two releases: without its diffs, the examples would be judged for nothing."""
    text = pages.page("FB202")
    assert len(list(_blocks(text, "diff"))) == 2


def _found(code: str, heading: str) -> set[str]:
    """Judge the files of one section of a page, as one repository; return the codes found.

    A `diff` is a file at the base and now, so a page whose rule compares shows one. What is said
    in a `text` block without a path is no file.
    """
    section = re.split(r"^## ", pages.page(code), flags=re.MULTILINE)
    (text,) = (part for part in section if part.startswith(f"{heading}\n"))
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for block in FENCE.finditer(text):
        lines = block["body"].splitlines(keepends=True)
        diff = block["info"] == "diff"
        old = "".join(line[diff:] for line in lines if not (diff and line[0] == "+"))
        new = "".join(line[diff:] for line in lines if not (diff and line[0] == "-"))
        path = new.partition("\n")[0].removeprefix("# ")
        if block["info"] == "text" and " " in path:
            continue
        assert "/" in path, "the first line of an example is its path"
        before[path], after[path] = old, new
    wrapper = {"platform/flux/chart/Chart.yaml": helpers.wrapper()}
    examined = check.examine(
        helpers.snapshot(wrapper | after),
        Settings(),
        ChartIndex("published", published().releases),  # with the digests that FB121 compares
        base=helpers.snapshot(wrapper | before),
    )
    verdict = gate.judge(examined.evidence, examined.settings, examined.subject)
    return {one.code for one in verdict.findings}


# --- CI files ---------------------------------------------------------------------------------


def _bash(script: str, repo: Repo, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=repo.path,
        env=repo.environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def _action_step(name: str) -> Any:
    (step,) = (one for one in _load("action.yml")["runs"]["steps"] if one.get("name") == name)
    assert "${{" not in step["run"], "inputs reach a script through the environment only"
    return step


def _outputs(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_action_runs(repo: Repo, incident: Repo, tmp_path: Path) -> None:
    action = _load("action.yml")
    assert action["runs"]["using"] == "composite"
    used = set(re.findall(r"inputs\.([\w-]+)", _text("action.yml")))
    assert used == set(action["inputs"])
    step = _action_step("Run fluxbump check")
    place = tmp_path / "temp/fluxbump/bin"
    place.mkdir(parents=True)
    (place / "fluxbump").symlink_to(helpers.SCRIPT)
    report = str(tmp_path / "temp/fluxbump-check.md")
    given = {"RUNNER_TEMP": str(tmp_path / "temp"), "ARGS": "--no-render --ignore FB120,FB205"}

    def run(name: str, where: Repo, **more: str) -> tuple[subprocess.CompletedProcess[str], str]:
        page, output = tmp_path / f"{name}.md", tmp_path / f"{name}.output"
        page.touch()
        files = {"GITHUB_STEP_SUMMARY": str(page), "GITHUB_OUTPUT": str(output)}
        done = _bash(step["run"], where, **given, **files, **more)
        assert _outputs(output).keys() == action["outputs"].keys()
        for key, value in _outputs(output).items():
            assert action["outputs"][key]["value"] == f"${{{{ steps.check.outputs.{key} }}}}"
            assert value
        return done, page.read_text()

    clean, page = run("clean", repo, BASE="main")
    assert (clean.returncode, clean.stdout.count("::error")) == (0, 0), clean.stderr
    assert Path(report).read_text().startswith("<!-- fluxbump")
    assert "fluxbump" in page
    assert _outputs(tmp_path / "clean.output") == {
        "outcome": "passed", "exit-code": "0", "report": report
    }  # fmt: skip
    broken, page = run("broken", incident, BASE="")
    assert broken.returncode == 1
    assert "::error file=infra/hetzner/cloudinit-control-plane.tftpl,line=146" in broken.stdout
    assert "::warning" not in broken.stdout
    assert "FB103" in page
    assert _outputs(tmp_path / "broken.output")["outcome"] == "findings"
    failed, page = run("failed", repo, BASE="no-such-branch")
    assert failed.returncode > 1
    assert (page, Path(report).read_text()) == ("", "")
    assert failed.stderr.count("no-such-branch") == 1, "said once"
    assert _outputs(tmp_path / "failed.output")["outcome"] == "failed"


def test_action_installs_its_own_checkout(repo: Repo) -> None:
    step = _action_step("Install fluxbump")
    assert '"$GITHUB_ACTION_PATH"' in step["run"]
    assert (
        '--require-hashes --requirement "$GITHUB_ACTION_PATH/requirements-run.lock"' in step["run"]
    )
    assert _bash(f"exit 0\n{step['run']}", repo).returncode == 0  # it parses


def test_action_caches_what_it_installs(repo: Repo, tmp_path: Path) -> None:
    steps = _load("action.yml")["runs"]["steps"]
    (cache,) = (one for one in steps if "/cache@" in one.get("uses", ""))
    assert cache["with"] == {
        "path": "${{ runner.temp }}/fluxbump", "key": "${{ steps.key.outputs.key }}"
    }  # fmt: skip
    assert _action_step("Install fluxbump")["if"] == "steps.cache.outputs.cache-hit != 'true'"
    script = _action_step("Name what is installed")["run"]
    action = tmp_path / "action"
    (action / "fluxbump").mkdir(parents=True)
    for name in ("requirements-run.lock", "pyproject.toml", "fluxbump/a b.py", "fluxbump/c.py"):
        (action / name).write_text(name)
    given = {
        "GITHUB_ACTION_PATH": str(action), "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64",
        "RUNNER_TEMP": "/srv/one", "PYTHON": sys.executable,
    }  # fmt: skip

    def key(**more: str) -> str:
        output = tmp_path / "output"
        output.unlink(missing_ok=True)
        done = _bash(script, repo, **{**given, "GITHUB_OUTPUT": str(output), **more})
        assert done.returncode == 0, done.stderr
        return _outputs(output)["key"]

    first = key()
    (action / "fluxbump/c.pyc").write_text("compiled")
    assert key() == first
    assert re.fullmatch(r"fluxbump-[0-9a-f]{40}", first)
    others = {key(RUNNER_ARCH="ARM64"), key(RUNNER_TEMP="/srv/other")}
    (action / "fluxbump/a b.py").write_text("changed")
    others.add(key())
    (action / "requirements-run.lock").write_text("changed")
    others.add(key())
    assert len(others - {first}) == 4


def test_actions_are_pinned_by_commit() -> None:
    lines = [line for line in _text("action.yml").splitlines() if "uses:" in line]
    assert len(lines) == 2
    for line in lines:
        assert re.search(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_action_snippet_uses_what_there_is() -> None:
    (workflow,) = (
        content
        for block in _blocks(_text("docs/ci.md"), "yaml")
        for content in _yaml(block)
        if isinstance(content, dict) and "pins" in content.get("jobs", ())
    )
    (step,) = (one for one in workflow["jobs"]["pins"]["steps"] if "fluxbump" in one["uses"])
    assert step["with"].keys() <= _load("action.yml")["inputs"].keys()


def test_renovate_configuration_runs_what_there_is() -> None:
    """The snippets are JSON, and every command in them is allowed and one that the page runs."""
    text = _text("docs/renovate.md")
    snippets = [json.loads(block) for block in _blocks(text, "json")]
    allowed = [p for one in snippets for p in one.get("allowedCommands", ())]
    rules = [rule for one in snippets for rule in one.get("packageRules", ())]
    tasks = [rule["postUpgradeTasks"] for rule in rules if "postUpgradeTasks" in rule]
    commands = [command for task in tasks for command in task["commands"]]
    assert len(commands) == 2
    shown = [step.command for section in sections(text) for step in section.steps]
    for command in commands:
        assert any(re.search(pattern, command) for pattern in allowed)
        assert command in shown
    assert {task["executionMode"] for task in tasks} == {"branch"}
    (manager,) = (m for one in snippets for m in one.get("customManagers", ()))
    (pattern,) = manager["matchStrings"]
    found = re.search(pattern.replace("(?<", "(?P<"), helpers.script("2.5.1"))
    assert found
    assert found["currentValue"] == "v2.5.1"


def test_hook_runs(repo: Repo) -> None:
    (hook,) = _load(".pre-commit-hooks.yaml")
    assert hook["id"] in _text("docs/ci.md")
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    scripts = tomllib.loads(_text("pyproject.toml"))["project"]["scripts"]
    assert hook["entry"].split()[0] in scripts
    assert _bash(hook["entry"], repo).returncode == 0
    path = "platform/flux/chart/values.yaml"
    repo.write(path, _staged(repo, path).replace("2.14.1", "2.13.0"))
    assert _bash(hook["entry"], repo).returncode == 0  # not staged yet
    repo.git("add", path)
    refused = _bash(hook["entry"], repo)
    assert refused.returncode == 1
    assert "FB104" in refused.stdout


def _staged(repo: Repo, path: str) -> str:
    return repo.git("show", f":{path}")
