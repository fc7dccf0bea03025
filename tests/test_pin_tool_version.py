"""The flux CLI in the files of tool managers, and what Renovate is told is Flux."""

from __future__ import annotations

import pytest

from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import tool_version
from fluxbump.model import Note, Pin, Role
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, brief, find

ONE, TWO, THREE = (f"{line} tool-version flux 2.4.0" for line in (1, 2, 3))
TOLD = "renovate: datasource=github-releases depName=fluxcd/flux2"
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".tool-versions", "helm 3.17.3\nflux2 2.4.0\n", [TWO]),
        (".tool-versions", "aqua:fluxcd/flux2 2.4.0 # ours\n", [ONE]),
        (".tool-versions", "flux2 latest\n", ["1 tool-version flux latest [unpinned]"]),
        (".tool-versions", "#flux2 2.4.0\nfluxctl 2.4.0\n", []),
        ("mise.toml", '[tools]\nhelm = "3"\nflux2 = "2.4.0"\n', [THREE]),
        (".mise.toml", "[tools]\n'aqua:fluxcd/flux2' = '2.4.0'\n", [TWO]),
        (".config/mise/config.toml", '[tools]\n"ubi:fluxcd/flux2[exe=flux]" = "2.4.0"\n', [TWO]),
        ("mise.toml", '[tools]\nflux2 = { version = "2.4.0", os = ["linux"] }\n', [TWO]),
        ("mise.toml", '[tools]\nflux2 = ["2.4.0"]\n', [TWO]),
        ("mise.toml", '[tools."aqua:fluxcd/flux2"]\nversion = "2.4.0"\n', [TWO]),
        ("mise.toml", '[env]\nflux2 = "2.4.0"\n[tools.helm]\nversion = "2.4.0"\n', []),
        ("mise.toml", '[tools]\n# flux2 = "2.4.0"\n', []),
        ("mise.toml", '[tools]\nflux2 = "2"\n', ["2 tool-version flux 2 [range]"]),
        ("other.toml", '[tools]\nflux2 = "2.4.0"\n', []),
        ("aqua.yaml", "packages:\n- name: a/b@v3.1.0\n- name: fluxcd/flux2@v2.4.0\n", [THREE]),
        ("aqua.yaml", "packages:\n- name: fluxcd/flux2\n  version: 'v2.4.0'\n", [THREE]),
        ("aqua.yaml", "packages:\n- name: fluxcd/flux2-sync@v2.4.0\n", []),
        ("devbox.json", '{"packages": ["fluxcd@2.4.0"]}\n', [ONE]),
        ("devbox.json", '{"packages": {"fluxcd": "2.4.0"}}\n', [ONE]),
        ("devbox.json", '{"packages": {"fluxcd":\n {"version": "2.4.0"}}}\n', [TWO]),
        ("devbox.json", '{"packages": ["fluxcd@latest"]}\n',
         ["1 tool-version flux latest [unpinned]"]),
        ("a.sh", f"# {TOLD}\nVERSION=v2.4.0\n", [TWO]),
        ("a.sh", f"# {TOLD}\n# what we run\nVERSION=v2.4.0\n", [THREE]),
        ("vars.yml", f"tool: 2.4.0 # {TOLD}\n", [ONE]),
        ("m.tf", f'// {TOLD}\nx = "2.4.0"\n', [TWO]),
        ("a.sh", f"# {TOLD}\necho 2.4.0 2.3.0\n", []),
        ("a.sh", f"# {TOLD}\n\n\n\nX=2.4.0\n", []),
        ("a.sh", f"# {TOLD}/v2\nX=2.4.0\n", []),
        ("a.yaml", f"# {TOLD}\nimage: flux-cli:v2.4.0@{DIGEST}\n", []),
        ("a.sh", "# renovate: datasource=helm depName=fluxcd/flux2\nX=2.4.0\n", []),
        ("README.md", f"# {TOLD}\nVERSION=v2.4.0\n", []),
        ("a.go", f'// {TOLD}\nconst v = "v2.4.0"\n', [TWO]),
        ("a_test.go", f'// {TOLD}\nconst v = "v2.4.0"\n', []),
        ("a.sh", "# renovate: datasource=docker depName=ghcr.io/fluxcd/flux-manifests\nX=v2.4.0\n",
         [TWO]),
    ],
)  # fmt: skip
def test_what_is_a_pin(path: str, text: str, expected: list[str]) -> None:
    found = tool_version.find(TextFile(path, text), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected
    # A file that holds nothing else has to be among those that are searched.
    assert brief(find({path: text}).pins) == expected


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (".tool-versions", "flux2 2.4.0 2.3.0\n", "several versions"),
        ("mise.toml", '[tools]\nflux2 = ["2.4.0", "2.3.0"]\n', "several versions"),
        (".tool-versions", "flux2 ref:main\n", "neither a version nor a range"),
    ],
)
def test_what_is_left_alone_is_noted(path: str, text: str, message: str) -> None:
    (note,) = tool_version.find(TextFile(path, text), Context())
    assert isinstance(note, Note)
    assert message in note.message


@pytest.mark.parametrize(
    ("held", "said"), [("2.4", "the range 2.4 excludes 2.5.1"), ("2", "the range 2 admits 2.5.1")]
)
def test_a_range_of_a_tool_stops_nothing(held: str, said: str, repo: Repo, cli: Cli) -> None:
    repo.commit({"mise.toml": f'[tools]\nflux2 = "{held}"\n'})
    done = cli("to", "2.5.1", cwd=repo)
    assert done.code == 0, done.err
    assert said in done.out
    assert repo.show("fluxbump/flux-2.5.1", "mise.toml") == f'[tools]\nflux2 = "{held}"\n'


def test_a_digest_below_stops_a_bump(repo: Repo, cli: Cli) -> None:
    repo.commit({"a.sh": f"# {TOLD}\nVERSION=2.4.0\nSHA256={'cd' * 32}\n"})
    refused = cli("to", "2.5.1", cwd=repo)
    assert refused.code == 5
    assert refused.err.startswith("error: a.sh:3: ")
    assert "\n  a digest that may be of Flux 2.4.0\n" in refused.err


def test_a_variable_that_an_install_uses_is_no_tool() -> None:
    text = f"# {TOLD}\nV=2.4.0\nflux install --version v$V\n"
    (pin,) = find({"a.sh": text}).pins
    assert (pin.kind, pin.role) == ("variable", Role.INSTALLS)


def test_a_bump_moves_every_file_and_names_the_lock(repo: Repo, cli: Cli) -> None:
    files = {
        ".tool-versions": "flux2 2.4.0\n",
        "mise.toml": '[tools]\n"aqua:fluxcd/flux2" = "2.4.0"\n',
        "aqua.yaml": "packages:\n  - name: fluxcd/flux2@v2.4.0\n",
        "devbox.json": '{"packages": ["fluxcd@2.4.0"]}\n',
        "a.sh": f"# {TOLD}\nX=2.4.0\n",
    }
    lock = '[[tools."aqua:fluxcd/flux2"]]\nversion = "2.4.0"\n'
    repo.commit({**files, "mise.lock": lock})
    done = cli("to", "2.5.1", cwd=repo)
    assert done.code == 0, done.err
    for path, text in files.items():
        assert repo.show("fluxbump/flux-2.5.1", path) == text.replace("2.4.0", "2.5.1")
    assert repo.show("fluxbump/flux-2.5.1", "mise.lock") == lock
    assert "mise lock" in done.out
