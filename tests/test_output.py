"""What a hostile repository can make of the output: every command, in every format.

Commands come from the program itself and formats from their options, so a new one is tried too.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.models import OptionInfo

from fixtures import states
from fluxbump.cli.app import COMMANDS
from fluxbump.reports.formats.registry import FORMATS as CHECK_FORMATS
from fluxbump.text import printable
from tests.helpers import Repo

PAYLOAD = (
    "e\n::error file=evil::x\n  ::set-output name=evil::x\n##vso[task.evil]\n##[evil]"
    "\r##teamcity[evil]\x1b[31mESC\x07\u202e\u2066\u2028\x9b31m"
)
"""What stands in names and texts; a file's name can hold all of it."""
QUOTED = json.dumps(PAYLOAD)

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "to": ("2.5.1", "--dry-run"),
    "sync": ("--dry-run",),
    "run": ("--dry-run",),
    "fleet": ("fleet.yaml", "--dry-run"),
    "check": ("--show-suppressed", "--no-render"),
    "status": (),
    "path": ("2.8.5",),
    "matrix": (),
    "recover": ("--cluster-state", "state.json"),
    "releases": (),
    "rules": (),
    "rule": ("FB103",),
    "init": ("--dry-run",),
    "schema": ("run",),
}
OPTIONS = ("--output", "--format", "--log-format")
EXACT = {"patch"}
"""Formats that are for `git apply`, to the byte, where they do not go to a terminal."""


def forms() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each command with the options of each of its formats."""
    # Its option takes FORMAT=FILE too, so its type does not list them.
    yield from (("check", ("--output", name)) for name in CHECK_FORMATS)
    for name, leaf in COMMANDS.items():
        yield name, ()
        yield name, ("--verbose",)
        hints = get_type_hints(
            getattr(import_module(f"fluxbump.cli.{leaf}"), name), include_extras=True
        )
        for hint in hints.values():
            told = getattr(hint, "__metadata__", ())
            for option in (one for one in told if isinstance(one, OptionInfo)):
                # In an annotation, typer takes the first name for the default.
                names = (option.default, *(option.param_decls or ()))
                flags = [str(flag) for flag in names if flag in OPTIONS]
                shown: Any = hint.__origin__
                if flags and issubclass(shown, StrEnum):
                    yield from ((name, (flags[0], value.value)) for value in shown)


FORMS = [
    form
    for form in forms()
    if form[0] not in ("rules", "rule", "schema") or form[1] != ("--verbose",)
]


def hostile(path: str) -> str:
    """A file's name cannot hold a slash or NUL; everything else of the payload it can."""
    return path.replace("EVIL", PAYLOAD.replace("/", "_"))


def files() -> dict[str, str | bytes]:
    objects = (
        f"apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\n"
        f"metadata: {{name: {QUOTED}, namespace: {QUOTED}}}\nspec: {{}}\n"
    )
    mentions = (
        f"{PAYLOAD} flux2 2.14.1 and Flux 2.3.0\n"
        "::error::flux2 2.13.0\n##vso[task.evil]v2.3.0 of Flux\n"
    )
    accepted = "fluxbump: ignore[FB109] ::error file=evil::x ##vso[task.evil]\u202e"
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        f"metadata:\n  name: {QUOTED}\n  namespace: {QUOTED}\nspec:\n  chart:\n    spec:\n"
        f"      chart: bp-flux\n      version: 1.0.0 # {accepted}\n"
        f"      sourceRef:\n        kind: HelmRepository\n        name: {QUOTED}\n"
    )
    chart = (
        f"apiVersion: v2\nname: {QUOTED}\nversion: 1.0.0\ndependencies:\n"
        "- name: bp-flux\n  version: 1.1.2\n  repository: oci://r.example.org/c\n"
    )
    return {
        **states.files("aligned"),
        hostile("clusters/EVIL/a.yaml"): objects,
        "::error file=evil::x/a.yaml": objects,
        "##vso[task.evil]/b.yaml": release,
        hostile("clusters/EVIL/flux.yaml"): release,
        hostile("products/EVIL/chart/Chart.yaml"): chart,
        hostile("docs/EVIL.md"): mentions,
        "::error file=evil::x.md": mentions,
        "fluxbump.yaml": (
            f"commit: {json.dumps('evil {release} ' + PAYLOAD)}\n"
            "run: {release_notes: null}\n"
            f"ignore:\n- {{code: FB205, path: '::error*', reason: {QUOTED}}}\n"
        ),
    }


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory, index: Path) -> Repo:
    root = tmp_path_factory.mktemp("evil")
    (root / "home").mkdir()
    path = root / "repo"
    path.mkdir()
    made = Repo(path, root / "home", index)
    made.git("init", "-q", "-b", "main", ".")
    made.git("config", "user.name", "a")
    made.git("config", "user.email", "a@example.org")
    made.commit(files())
    (root / "fleet.yaml").write_text("", "utf-8")
    made.write("fleet.yaml", f"repositories:\n- url: {json.dumps(str(path))}\n  name: evil\n")
    made.write("state.json", json.dumps({"kind": "List", "items": [{
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "helmreleases.helm.toolkit.fluxcd.io", "labels": {"a": PAYLOAD}},
        "status": {"storedVersions": [PAYLOAD]},
    }]}))  # fmt: skip
    return made


def test_what_cannot_be_read_is_as_harmless(tmp_path: Path, evil: Repo) -> None:
    copy = Repo(tmp_path / "repo", evil.home, evil.index)
    evil.git("clone", "--quiet", str(evil.path), str(copy.path))
    copy.git("remote", "remove", "origin")
    copy.write(hostile("clusters/EVIL/broken.yaml"), f"flux2: [\n# {PAYLOAD}\n- a: b: c")
    copy.git("add", "--all")
    copy.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "x")
    for name in ("to", "status", "check", "path", "run"):
        result = copy.fluxbump(name, *ARGUMENTS[name])
        assert result.code != 70
        assert found_in(result.out + result.err) == []
        assert "task.evil" in result.out + result.err


def found_in(output: str, *, commands: bool = False) -> list[str]:
    """Return what a terminal or a CI would obey."""
    control = re.findall(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", output
    )
    anywhere = re.findall(r"##\w*\[\S*", output)
    lines = [line for line in output.split("\n") if line.lstrip().startswith("::")]
    if commands:
        own = re.compile(
            r"::(error|warning|notice) (file=[^:,]+,line=\d+,col=\d+,)?title=[^:,]+::[^\r\n]*"
        )
        lines = [line for line in lines if not own.fullmatch(line)]
    return [*map(repr, control), *anywhere, *lines]


def test_every_command_is_here() -> None:
    assert set(ARGUMENTS) == set(COMMANDS)


@pytest.mark.parametrize(("name", "option", "value"), [
    ("to", "--output", "patch"), ("check", "--output", "github"), ("check", "--output", "markdown"),
    ("path", "--output", "mermaid"), ("matrix", "--output", "html"), ("status", "--output", "json"),
    ("run", "--log-format", "json"), ("fleet", "--output", "json"), ("recover", "--output", "json"),
])  # fmt: skip
def test_formats_are_found(name: str, option: str, value: str) -> None:
    assert (name, (option, value)) in FORMS


@pytest.mark.parametrize(
    ("name", "options"), FORMS, ids=lambda one: "-".join(one) if isinstance(one, tuple) else one
)
def test_nothing_foreign_commands_a_terminal_or_a_ci(
    evil: Repo, name: str, options: tuple[str, ...]
) -> None:
    result = evil.fluxbump(name, *ARGUMENTS[name], *options)
    assert result.code != 70, result.err
    assert found_in(result.err) == []
    if not EXACT & {*options}:
        assert found_in(result.out, commands="github" in options) == []


def test_the_payload_is_in_what_was_searched(evil: Repo) -> None:
    """Otherwise the test above looks for it in vain."""
    for arguments in (("check", "--no-render"), ("status",), ("to", "2.5.1", "--dry-run")):
        assert "task.evil" in evil.fluxbump(*arguments).out, arguments
    path = hostile("clusters/EVIL/a.yaml")
    found = evil.fluxbump("check", "--no-render", "--format", "json").json
    assert path in {one["path"] for one in [*found["findings"], *found["suppressed"]]}


def test_an_error_is_as_harmless(evil: Repo) -> None:
    for arguments in (("check", "--rev", PAYLOAD), ("status", "--index", PAYLOAD), (PAYLOAD,)):
        result = evil.fluxbump(*arguments)
        assert result.code not in (0, 70)
        assert found_in(result.err) == []
        assert found_in(evil.fluxbump(*arguments, "--verbose").err) == []


def test_the_commit_says_each_thing_on_one_line(evil: Repo) -> None:
    result = evil.fluxbump("to", "2.5.1")
    assert result.code == 0, result.err
    message = evil.git("log", "-1", "--format=%B", "fluxbump/flux-2.5.1")
    assert (
        found_in(message.replace("\n::error file=evil::x\n  ::set-output name=evil::x", "")) == []
    )


def test_a_patch_is_exact_in_a_pipe(evil: Repo) -> None:
    patch = evil.fluxbump("to", "2.5.1", "--dry-run", "--output", "patch").stdout
    assert b"##vso[task.evil]" in patch
    assert evil.git_bytes("apply", "--check", "-", stdin=patch) == b""


def test_a_patch_is_harmless_on_a_terminal(evil: Repo) -> None:
    reader, terminal = os.openpty()
    shown = bytearray()

    def read() -> None:
        with suppress(OSError):  # the terminal is gone
            while more := os.read(reader, 65536):
                shown.extend(more)

    reading = threading.Thread(target=read)
    reading.start()
    arguments = evil.command("to", "2.5.1", "--dry-run", "--output", "patch")
    subprocess.run(
        arguments, cwd=evil.path, env=evil.environment(), stdout=terminal, check=True,
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(terminal)
    reading.join(60)
    os.close(reader)
    said = shown.decode().replace("\r\n", "\n")  # as a terminal has it
    assert "# #vso[task.evil]" in said
    assert found_in(said) == []


# --- the functions ----------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "shown"), [
    ("plain: text", "plain: text"),
    ("a\nb", "a\ufffdb"),
    ("##vso[x]", "# #vso[x]"),
    ("## a heading", "## a heading"),
    ("\x1b[31m", "\ufffd[31m"),
    ("a\u202eb", "a\ufffdb"),
])  # fmt: skip
def test_printable(text: str, shown: str) -> None:
    assert printable.printable(text) == shown


@pytest.mark.parametrize(("text", "shown"), [
    ("a\n::error::b\n", "a\n: :error::b\n"),
    ("  ::error::b", "  : :error::b"),
    ("a::b", "a::b"),
    ("##[group]a", "# #[group]a"),
    ("\x1b[31ma\x1b[0m", "\ufffd[31ma\ufffd[0m"),
    ("a\tb\u200b\u00a0", "a\tb\u200b\u00a0"),
    ("a\r::error::b", "a\ufffd::error::b"),
])  # fmt: skip
def test_lines(text: str, shown: str) -> None:
    assert printable.lines(text) == shown


def test_lines_keeps_our_colours_only() -> None:
    assert printable.lines("\x1b[1;31ma\x1b[0m\x1b[2J\x1b]0;t\x07", colored=True) == (
        "\x1b[1;31ma\x1b[0m\ufffd[2J\ufffd]0;t\ufffd"
    )


def test_a_colour_hides_no_command() -> None:
    assert printable.lines("\x1b[31m::error::b", colored=True) == "\x1b[31m: :error::b"


def test_json_stays_what_it_is() -> None:
    spelled = printable.json_escapes(json.dumps({"a": PAYLOAD}, ensure_ascii=False, indent=2))
    assert found_in(spelled) == []
    assert json.loads(spelled) == {"a": PAYLOAD}
