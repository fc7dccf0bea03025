"""`fluxbump.yaml`: what it can say, and how it is told what it says wrong."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fluxbump.config import file
from fluxbump.config.settings import Policy, Settings, fill
from fluxbump.errors import ConfigError
from tests.helpers import Cli, Repo, assert_refused, repository, small

BRANCH = "fluxbump/flux-2.5.1"

# text, line, the beginning of the message
WRONG = [
    ("exclud: []\n", 1, "exclud: unknown key"),
    (
        "bump: huge\npins:\n- path: a\nexclud: []\n",
        1,
        "bump: must be major, minor, none or patch (and 2 more)",
    ),
    ("branch: x\nexclude: docs\n", 2, "exclude: "),
    ("exclude:\n  - docs\n  - [a]\n", 3, "exclude[1]: "),
    ("bump: huge\n", 1, "bump: "),
    ("branch: ''\n", 1, "branch: "),
    ("branch: 'x-{release}-{date}'\n", 1, "branch: unknown placeholder {date}"),
    ("branch: -x-{release}\n", 1, "branch: not a name for a branch: it begins with a dash"),
    ("branch: HEAD\n", 1, "branch: not a name for a branch: HEAD and @ stand for"),
    ("branch: head\n", 1, "branch: not a name for a branch: HEAD and @ stand for"),
    ("branch: refs/heads/{release}\n", 1, "branch: not a name for a branch: it begins with refs/"),
    ("branch: Refs/x\n", 1, "branch: not a name for a branch: it begins with refs/"),
    ("branch: 'a b'\n", 1, "branch: not a name for a branch: git does not take it"),
    ("branch: a..b\n", 1, "branch: not a name for a branch: git does not take it"),
    ("branch: 'a@{1}'\n", 1, "branch: unknown placeholder"),
    ("branch: 'x/{release}.lock'\n", 1, "branch: not a name for a branch: git does not take it"),
    ("branch: x/.y\n", 1, "branch: not a name for a branch: git does not take it"),
    ('branch: "a\\u202eb"\n', 1, "branch: not a name for a branch: it has characters"),
    (f"branch: {'a1' * 20}\n", 1, "branch: not a name for a branch: it looks like the name of"),
    ("commit: '{}'\n", 1, "commit: unknown placeholder {}"),
    ("pins:\n- path: a\n", 2, "pins[0].track: "),
    ("pins:\n- path: a\n  track: flux\n", 2, "pins[0]: needs either key or pattern"),
    (
        "pins:\n- {path: a, track: flux, key: a, pattern: '(?P<version>x)'}\n",
        2,
        "pins[0]: needs either key or pattern",
    ),
    ("pins:\n- path: a\n  track: flux\n  pattern: '('\n", 4, "pins[0].pattern: not a regular"),
    ("pins:\n- path: a\n  track: flux\n  pattern: v1\n", 4, "pins[0].pattern: has no group"),
    ("pins:\n- path: a\n  track: flux\n  kee: v1\n", 4, "pins[0].kee: unknown key"),
    ("ignore:\n- code: FB1\n  reason: x\n", 2, "ignore[0].code: "),
    ("ignore:\n- code: FB103\n", 2, "ignore[0].reason: "),
    ("mentions: perhaps\n", 1, "mentions: "),
    ("bump: minor\nkubernetes: newest\n", 2, "kubernetes: not a Kubernetes version, such as 1.33"),
    ("kubernetes: [1.33]\n", 1, "kubernetes: must be a number or text, not a list"),
    ("kubernetes: 133\n", 1, "kubernetes: not a Kubernetes version"),
    ("kubernetes: .inf\n", 1, "kubernetes: not a Kubernetes version"),
    ("- a\n", 1, "the file: "),
    ("just text\n", 1, "the file: "),
    ("a: [\n", 2, "not YAML: "),
    ("a: b: c\n", 1, "not YAML: "),
    ("a: &x [*x]\n", 1, ""),
    ("exclude: []\n---\nbranch: x\n", 1, "not YAML: more than one document"),
    ("# about us\n---\n\nexclud: []\n", 4, "exclud: unknown key"),
    ("\ufeffexclud: []\n", 1, "exclud: unknown key"),
    ("branch: a\r\nexclud: []\r\n", 2, "exclud: unknown key"),
    ("exclude: []\nexclude: []\n", 2, ""),
    ("run: []\n", 1, "run: "),
    ("run:\n  rnge: '2'\n", 2, "run.rnge: unknown key"),
    ("run:\n  range: [2.5]\n", 2, "run.range: must be text, not a list"),
    ("run:\n  range: newest\n", 2, "run.range: not a version constraint: 'newest'"),
    ("run:\n  range: ''\n", 2, "run.range: "),
    ("run:\n  follow: major\n", 2, "run.follow: "),
    ("run:\n  min_age_days: -1\n", 2, "run.min_age_days: "),
    ("run:\n  ignore:\n  - '2.5.0'\n  - '>>1'\n", 4, "run.ignore[1]: not a version constraint"),
    ("run:\n  schedule:\n  - sat\n  - noon\n", 4, "run.schedule[1]: not a window: 'noon'"),
    ("run:\n  schedule: ['08:00-08:00']\n", 2, "run.schedule[0]: not a time span"),
    ("run:\n  timezone: Mars/Phobos\n", 2, "run.timezone: unknown time zone: 'Mars/Phobos'"),
    ("run:\n  timezone: ../etc/passwd\n", 2, "run.timezone: unknown time zone"),
    ("run:\n  timezone: Europe\n", 2, "run.timezone: unknown time zone"),
    ("run:\n  max_open: 0\n", 2, "run.max_open: "),
    ("run:\n  labels: ['']\n", 2, "run.labels[0]: "),
    ('run:\n  labels: ["a\\nb"]\n', 2, "run.labels[0]: "),
    ("run:\n  rebase_when: always\n", 2, "run.rebase_when: "),
    ("run:\n  forge: Git Hub\n", 2, "run.forge: "),
    ("run:\n  forge_url: git.example.org\n", 2, "run.forge_url: not a URL"),
    ("run:\n  forge_url: 'https://a:99999'\n", 2, "run.forge_url: not a URL"),
    ("run:\n  forge_url: https://me:pw@a.example\n", 2, "run.forge_url: holds more than"),
]


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_wrong(text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        file.parse(text)
    assert (caught.value.where or "").startswith(f"fluxbump.yaml:{line}")
    assert caught.value.message.startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n", "{}\n", "# x\n---\n{}\n"])
def test_nothing_said_is_the_defaults(text: str) -> None:
    assert file.parse(text) == Settings()


@pytest.mark.parametrize("text", ["1.30", '"1.30"', "v1.30.4+k3s1"])
def test_a_kubernetes_version_is_taken_as_it_stands(text: str) -> None:
    """Unquoted, it is a number for YAML, and 1.30 would be 1.3."""
    running = file.parse(f"bump: minor\nkubernetes: {text}\n").kubernetes
    assert running is not None
    assert (running.version, running.minor) == (text.strip('"'), (1, 30))
    assert str(running.location) == "fluxbump.yaml:2"


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_no_kubernetes_version(text: str) -> None:
    assert file.parse(f"kubernetes: {text}\n").kubernetes is None


def test_everything_said() -> None:
    settings = file.parse(
        "exclude: [docs/*]\nrepositories: [https://mirror]\nindex: charts\n"
        "branch: 'b/{old_release}-{release}'\ncommit: 'c {chart_version} {old_chart_version}'\n"
        "bump: minor\nmentions: false\nallowed_groups: [example.org]\n"
        "ignore:\n- {code: FB120, path: docs/*, reason: kept by hand}\n"
        "pins:\n- {path: '*.env', track: flux, pattern: 'F=(?P<version>.*)'}\n"
        "- {path: 'v.yaml', track: bp-flux, key: a.b}\n"
    )
    assert settings.exclude == ("docs/*",)
    assert (settings.bump, settings.mentions, settings.index) == ("minor", False, "charts")
    assert settings.allowed_groups == ("example.org",)
    assert [(one.code, one.path) for one in settings.ignore] == [("FB120", "docs/*")]
    assert settings.scope().custom[1].key == ("a", "b")
    assert "https://mirror" in settings.scope().repositories
    values = {"release": "2", "old_release": "1", "chart_version": "4", "old_chart_version": "3"}
    assert fill(settings.branch, values) == "b/1-2"
    assert fill(settings.commit or "", values) == "c 4 3"


def test_what_run_may_do() -> None:
    settings = file.parse(
        "run:\n  range: '>=2.4 <3'\n  follow: minor\n  min_age_days: 7\n  ignore: [2.6, ~2.7]\n"
        "  schedule: [mon-fri 08:00-17:00, 'sat']\n  timezone: Europe/Berlin\n  max_open: 1\n"
        "  labels: [a]\n  assignees: [b]\n  reviewers: [c/d]\n  draft_on_warnings: false\n"
        "  auto_merge: true\n  rebase_when: never\n  forge: gitlab\n"
        "  forge_url: https://git.example.org/x\n  base_branch: trunk\n"
    )
    assert settings.run == Policy(
        range=">=2.4 <3",
        follow="minor",
        min_age_days=7,
        ignore=("2.6", "~2.7"),
        schedule=("mon-fri 08:00-17:00", "sat"),
        timezone="Europe/Berlin",
        max_open=1,
        labels=("a",),
        assignees=("b",),
        reviewers=("c/d",),
        draft_on_warnings=False,
        auto_merge=True,
        rebase_when="never",
        forge="gitlab",
        forge_url="https://git.example.org/x",
        base_branch="trunk",
    )


# --- in a repository --------------------------------------------------------------------------

Make = Callable[..., Repo]


@pytest.fixture
def make(tmp_path: Path, index: Path) -> Make:
    def call(text: str, **files: str) -> Repo:
        return repository(tmp_path / "small", small(config=text, **files), index)

    return call


def changes(report: Any) -> dict[str, str]:
    return {f"{one['path']}:{one['line']}": one["new"] for one in report["changes"]}


@pytest.mark.parametrize("command", [["to", "2.5.1"], ["status"], ["releases"]])
def test_error_names_file_line_and_key(make: Make, cli: Cli, command: list[str]) -> None:
    result = cli(*command, cwd=make("exclude: []\nbrnch: x\n"))
    assert_refused(result, 3, "fluxbump.yaml:2: brnch: unknown key", "fluxbump schema config")


def test_what_is_committed_counts(make: Make, cli: Cli) -> None:
    repo = make("branch: 'from-git'\n")
    repo.write("fluxbump.yaml", "nonsense: [\n")
    assert cli("to", "2.5.1", "-o", "json", cwd=repo).json["branch"] == "from-git"


def test_custom_pins(make: Make, cli: Cli) -> None:
    text = (
        "pins:\n- {path: '*.env', track: flux, pattern: '(?m)^FLUX=v?(?P<version>.*)$'}\n"
        "- {path: 'env/*.yaml', track: bp-flux, key: engine.version}\n"
        "- {path: 'chart.txt', track: flux2, pattern: 'flux2-(?P<version>[0-9.]+)[.]tgz'}\n"
    )
    files = {
        "a.env": "# FLUX\nFLUX=v2.4.0\nOTHER=2.4.0\n",
        "env/b.yaml": "engine:\n  version: '1.1.2'\nother: 1.1.2\n",
        "chart.txt": "flux2-2.14.1.tgz flux2-2.14.1.tar\n",
    }
    repo = make(text, **files)
    moved = changes(cli("to", "2.5.1", "-o", "json", cwd=repo).json)
    assert {place: new for place, new in moved.items() if place.split(":")[0] in files} == {
        "a.env:2": "2.5.1", "env/b.yaml:2": "1.1.3", "chart.txt:1": "2.15.0",
    }  # fmt: skip
    assert repo.show("fluxbump/flux-2.5.1", "a.env") == "# FLUX\nFLUX=v2.5.1\nOTHER=2.4.0\n"
    assert repo.show("fluxbump/flux-2.5.1", "chart.txt") == "flux2-2.15.0.tgz flux2-2.14.1.tar\n"


def test_a_variable_url_is_fine_when_its_source_is_configured(make: Make, cli: Cli) -> None:
    text = "pins:\n- {path: install.sh, track: flux, pattern: 'V=(?P<version>[0-9.]+)'}\n"
    url = "https://github.com/fluxcd/flux2/releases/download/v$V/install.yaml"
    repo = make(text, install=f"V=2.4.0\nkubectl apply -f {url}\n")
    assert changes(cli("to", "2.5.1", "-n", "-o", "json", cwd=repo).json)["install.sh:1"] == "2.5.1"


def test_templates_and_level(make: Make, cli: Cli) -> None:
    repo = make(
        "branch: 'up/{old_release}/{release}'\ncommit: 'chore: Flux {release}, ünïcode'\n"
        "bump: minor\n"
    )
    report = cli("to", "2.5.1", "-o", "json", cwd=repo).json
    assert report["branch"] == "up/2.4.0/2.5.1"
    assert changes(report)["chart/Chart.yaml:3"] == "1.2.0"
    assert repo.git("log", "-1", "--format=%s", "up/2.4.0/2.5.1") == "chore: Flux 2.5.1, ünïcode\n"
    flag = cli("to", "2.5.1", "--bump", "patch", "-n", "-o", "json", cwd=repo).json
    assert changes(flag)["chart/Chart.yaml:3"] == "1.1.3"


def test_index_below_the_root(make: Make, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = make("index: charts\n")
    monkeypatch.delenv("FLUXBUMP_INDEX")
    (repo.path / "charts").symlink_to(repo.index)
    result = cli("releases", "--limit", "1", cwd=repo.path / "clusters")
    assert (result.code, "2.8.5" in result.out) == (0, True), result.err
    missing = cli("to", "2.5.1", "--index", "charts", cwd=repo.path / "clusters")
    assert_refused(missing, 7, "charts")


def test_a_pin_of_an_unknown_track_is_not_passed_over(make: Make, cli: Cli) -> None:
    text = "pins:\n- {path: install.sh, track: bp-typo, pattern: '(?P<version>sh)'}\n"
    result = cli("to", "2.5.1", "-n", cwd=make(text))
    assert "bp-typo" in result.out + result.err


def test_a_pin_that_matches_nothing_is_not_passed_over(make: Make, cli: Cli) -> None:
    text = "pins:\n- {path: gone.env, track: flux, pattern: '(?P<version>sh)'}\n"
    result = cli("to", "2.5.1", "-n", cwd=make(text))
    assert "gone.env" in result.out + result.err


# --- the user's git configuration -------------------------------------------------------------


def test_no_identity(repo: Repo, cli: Cli) -> None:
    repo.git("config", "--remove-section", "user")
    repo.git("config", "user.useConfigOnly", "true")
    result = cli("to", "2.5.1", cwd=repo)
    assert_refused(result, 6, "user.name", "user.email")
    assert result.err.splitlines()[0] == (
        "error: git has no name and email for the author of the commit"
    )
    assert repo.branches() == ["main"]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
def test_signed_as_the_configuration_says(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text("utf-8")
    (tmp_path / "signers").write_text(f"platform@example.org {public}", encoding="utf-8")
    for name, value in {
        "commit.gpgsign": "true", "gpg.format": "ssh", "user.signingkey": str(key),
        "gpg.ssh.allowedSignersFile": str(tmp_path / "signers"),
    }.items():  # fmt: skip
        repo.git("config", name, value)
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.git("log", "-1", "--format=%G?", BRANCH).strip() == "G"
    key.unlink()
    assert_refused(cli("to", "2.6", cwd=repo), 6, "commit.gpgsign")
    assert repo.branches() == [BRANCH, "main"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("color.ui", "always"),
        ("color.grep", "always"),
        ("grep.patternType", "perl"),
        ("grep.lineNumber", "true"),
        ("grep.column", "true"),
        ("grep.fullName", "false"),
        ("submodule.recurse", "true"),
        ("log.showSignature", "true"),
        ("core.abbrev", "5"),
        ("column.ui", "always"),
        ("status.branch", "true"),
        ("core.precomposeUnicode", "false"),
    ],
)
def test_the_users_settings_hide_no_pin(repo: Repo, cli: Cli, key: str, value: str) -> None:
    repo.git("config", key, value)
    result = cli("to", "2.5.1", "-n", "-o", "json", cwd=repo)
    assert len(result.json["changes"]) == 13, result.err


@pytest.mark.parametrize(
    "text", ['"\\ud800": 1', '"\\ud800"', 'exclude: ["a", "\\udfff"]', '- "\\ud800"']
)
def test_half_of_a_character(text: str) -> None:
    with pytest.raises(ConfigError, match="this text is not valid Unicode"):
        file.parse(f"{text}\n")
