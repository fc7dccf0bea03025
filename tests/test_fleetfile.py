"""The file that lists a fleet: what it can say, and how it is told what it says wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fluxbump.errors import ConfigError
from fluxbump.fleet import file
from fluxbump.fleet.repositories import FleetEntry
from fluxbump.text.budget import FLEET
from tests import secrets
from tests.docs_runner import FENCE
from tests.helpers import ROOT, Cli, assert_refused

HOST = "https://git.example.org"


def parse(text: str) -> tuple[FleetEntry, ...]:
    return file.parse(text, "fleet.yaml", "/srv/fleet")


def test_everything() -> None:
    found = parse(
        "repositories:\n"
        f"- {HOST}/p/a.git\n"
        "- git@host.example.org:p/b.git\n"
        "- ../c\n"
        "- {path: /d e, name: other, base: dev, forge: gitlab, forge_url: 'https://f.example.org'}\n"
        f"- {{url: '{HOST}/p/f', index: charts/index.yaml}}\n"
        "- file:///srv/g.git\n"
        "defaults: {base: main, forge: gitea, index: 'https://charts.example.org'}\n"
    )
    charts = "https://charts.example.org"
    assert found == (
        FleetEntry("p/a", f"{HOST}/p/a.git", "main", "gitea", None, charts),
        FleetEntry("p/b", "git@host.example.org:p/b.git", "main", "gitea", None, charts),
        FleetEntry("c", "/srv/c", "main", "gitea", None, charts),
        FleetEntry("other", "/d e", "dev", "gitlab", "https://f.example.org", charts),
        FleetEntry("p/f", f"{HOST}/p/f", "main", "gitea", None, "/srv/fleet/charts/index.yaml"),
        FleetEntry("g", "file:///srv/g.git", "main", "gitea", None, charts),
    )
    assert parse("repositories: []\n") == ()
    assert parse("repositories: [.]\n") == (FleetEntry("fleet", "/srv/fleet"),)


# text, line, a part of the message
WRONG = [
    ("", 1, "repositories: is missing"),
    ("- a\n", 1, "the file: "),
    ("repositories:\n- a\n- [b]\n", 3, "repositories[1]: must be text or a mapping, not a list"),
    ("repositories:\n- {name: a}\n", 2, "repositories[0]: needs either url or path"),
    ("repositories:\n- {url: 'https://h/a', path: a}\n", 2, "repositories[0]: needs either"),
    ("repositories:\n- {url: a}\n", 2, "repositories[0].url: not a URL: a directory goes"),
    ("repositories:\n- url: https://h/a\n  nam: a\n", 3, "repositories[0].nam: unknown key"),
    ("repositories:\n- {path: a, name: 'a b'}\n", 2, "repositories[0].name: "),
    ("repositories:\n- {path: a, name: -a}\n", 2, "repositories[0].name: begins with -"),
    ("repositories:\n- {path: a, forge: ../x}\n", 2, "repositories[0].forge: "),
    ("repositories:\n- {path: a, forge_url: x}\n", 2, "repositories[0].forge_url: not a URL"),
    ("repositories:\n- ext::sh\n", 2, "names a helper program"),
    ("repositories:\n- --upload-pack=x\n", 2, "repositories[0]: begins with -"),
    ("repositories:\n- gopher://h/a\n", 2, "unsupported scheme: gopher://"),
    ("repositories:\n- https://h/a?token=x\n", 2, "has a query or a fragment"),
    ("repositories: [a]\ndefault: {}\n", 2, "default: unknown key"),
    ("repositories: [a]\ndefaults:\n  bas: x\n", 3, "defaults.bas: unknown key"),
    ("repositories: [a]\nrepositories: [a]\n", 2, "appears twice"),
    (
        "repositories:\n- https://h/p/a.git\n- url: https://H/p/a/\n",
        3,
        "the same repository as in line 2",
    ),
    ("repositories:\n- x/a\n- ./x/../x/a\n", 3, "the same repository as in line 2"),
    (
        "repositories:\n- https://h/p/a\n- https://i/p/a\n",
        3,
        "p/a is the name of the one in line 2",
    ),
    ("a: [\n", 2, "not YAML: "),
]


@pytest.mark.parametrize(("text", "line", "message"), WRONG, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_said(text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert f"fleet.yaml:{line}" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        "https://u:{}@h/a", "https://{}@h/a", "{{url: 'ssh://git:{}@h/a'}}",
        "{{path: a, index: 'https://u:{}@h/index.yaml'}}",
        "{{path: a, forge_url: 'https://{}@h'}}", "https://h/a?private_token={}",
    ],
)  # fmt: skip
def test_a_secret_is_refused_and_not_quoted(entry: str) -> None:
    secret = "fbtPl4nted" * 3
    with pytest.raises(ConfigError) as caught:
        parse(f"repositories:\n- {entry.format(secret)}\n")
    assert secrets.leaks(str(caught.value), secret=secret) == []
    assert re.search("FLUXBUMP_TOKEN|environment", str(caught.value))


def test_a_file_that_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    assert_refused(cli("fleet", "none.yaml"), 3, "none.yaml", "No such file")
    assert_refused(cli("fleet", "."), 3, "Is a directory")
    (tmp_path / "latin.yaml").write_bytes(b"# \xe9\n")
    assert_refused(cli("fleet", "latin.yaml"), 3, "latin.yaml", "UTF-8")
    (tmp_path / "large.yaml").write_bytes(b"# \xc3\xa9" * FLEET.size)
    assert_refused(cli("fleet", "large.yaml"), 3, "large.yaml", "larger than")


def test_what_is_documented_is_valid() -> None:
    text = (ROOT / "docs/fleet.md").read_text("utf-8")
    blocks = [one["body"] for one in FENCE.finditer(text) if one["info"] == "yaml"]
    files = [one for one in blocks if one.startswith("repositories:")]
    job = YAML(typ="safe", pure=True).load_all((ROOT / "docs/deploy/indexed-job.yaml").read_text())
    files += [one["data"]["fleet.yaml"] for one in job if one["kind"] == "ConfigMap"]
    assert len(files) >= 2
    for one in files:
        assert parse(one)
    keys = {*file.FleetConfig.__struct_fields__, *file.RepositoryEntry.__struct_fields__}
    assert keys <= set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
