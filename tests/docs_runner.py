"""Runs what the documentation shows. `python -m tests.docs_runner FILE` prints what comes out.

In a Markdown file, the commands behind `$ ` in every `console` block are run in order, in one
shell, in a fresh copy of the fixture monorepo, and what they print has to be what is written below
them. Comments steer it; the reader does not see them:

    <!-- repository: aligned -->    begin again, in this state (or `incident`, or `gotk`)
    <!-- repository: aligned helm -->    the same; the commands up to the next one need helm
    <!-- run: COMMAND -->    prepare something; its output is not compared

A line `…` stands for any number of lines, a `…` inside a line for any text, and one space for any
number of them, because tables are wider than a page. Names of commits and dates stand for any
others. Lines with `> ` continue a command. A command succeeds, unless the next one is `echo $?`. A
`console cluster` block is not run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fixtures import generate
from tests import helpers
from tests.tools import find_helm

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
"""A fenced block."""

_PART = re.compile(
    FENCE.pattern
    + r"|^<!-- repository: (?P<state>\w+)(?P<helm> helm)? -->$"
    + r"|^<!-- run: (?P<run>.*?) -->$",
    re.MULTILINE | re.DOTALL,
)
_NAME = re.compile(r"\b[0-9a-f]{7,40}\b")
_DATE = re.compile(r"\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4} [+-]\d{4}")
_MARK = "\x1e"
_ANY = "…"
_COMMUNITY = "https://fluxcd-community.github.io/helm-charts"
_LONGEST = 60  # seconds that one section may take


@dataclass(frozen=True)
class Step:
    """A command, where it stands, and the lines below it; None for a preparation."""

    line: int
    command: str
    expected: tuple[str, ...] | None


@dataclass
class Section:
    """Commands that share a repository."""

    state: str
    helm: bool
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What a step printed, and its exit code."""

    step: Step
    output: str
    code: int


def sections(text: str) -> list[Section]:
    """Read a Markdown file."""
    found: list[Section] = []
    for part in _PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["state"]:
            found.append(Section(part["state"], helm=bool(part["helm"])))
        elif part["run"]:
            found[-1].steps.append(Step(line, part["run"], None))
        elif part["info"] == "console":
            if not found:
                raise ValueError(f"line {line}: no `<!-- repository: … -->` before this block")
            found[-1].steps += _steps(part["body"], line + 1)
    return found


def _steps(body: str, first: int) -> Iterator[Step]:
    lines = body.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        behind = start + 1
        while behind < end and lines[behind].startswith("> "):
            behind += 1
        command = "\n".join(line[2:] for line in lines[start:behind])
        yield Step(first + start, command, tuple(lines[behind:end]))


def run(section: Section, scratch: Path, index: Path, templates: Path) -> list[Outcome]:
    """Run a section's steps in one shell, in a fresh repository below `scratch`."""
    repository = scratch / "monorepo"
    shutil.copytree(templates / section.state, repository, symlinks=True)
    if section.state == helpers.BOOTSTRAPPED:
        shutil.copytree(templates / helpers.RELEASES, scratch / helpers.RELEASES)
    done = subprocess.run(
        ["bash", "-s"],
        cwd=repository,
        env=environment(scratch, index, helm=section.helm),
        input="exec 2>&1\n" + "".join(_shell(step) for step in section.steps),
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    said = done.stdout.split(_MARK)
    if len(said) != 2 * len(section.steps) + 1:
        raise AssertionError(f"the shell ended early: {done.stdout[-500:]}")
    return [
        Outcome(step, output.replace(str(index), _COMMUNITY), int(code))
        for step, output, code in zip(section.steps, said[::2], said[1::2], strict=False)
    ]


def _shell(step: Step) -> str:
    # The exit code is said, and handed on to an `echo $?`.
    return f"{step.command}\n_code=$?; printf '\\036%d\\036' $_code; (exit $_code)\n"


def environment(home: Path, index: Path, *, helm: bool) -> dict[str, str]:
    """Return the environment that a reader has: the index at hand, and helm only when needed."""
    clean = helpers.environment(home)
    found = find_helm() if helm else {}
    kept = [p for p in clean["PATH"].split(os.pathsep) if helm or not Path(p, "helm").exists()]
    return {
        **clean,
        "PATH": os.pathsep.join(kept),
        "FLUXBUMP_INDEX": str(index),
        "GIT_PAGER": "cat",
        "PYTHONUNBUFFERED": "1",
        **({"FLUXBUMP_HELM": str(next(iter(found.values())))} if found else {}),
    }


def problems(outcomes: list[Outcome]) -> Iterator[str]:
    """Say what differs from what is written."""
    codes = {n: one.code for n, one in enumerate(outcomes)}
    for n, one in enumerate(outcomes):
        following = outcomes[n + 1].step.command if n + 1 < len(outcomes) else ""
        if codes[n] and following != "echo $?":
            yield f"line {one.step.line}: `{one.step.command}` ended with {one.code}:\n{one.output}"
        elif one.step.expected is not None and not matches(one.step.expected, one.output):
            wanted = "\n".join(one.step.expected)
            yield (
                f"line {one.step.line}: `{one.step.command}` printed\n{one.output}\n"
                f"--- but this is written:\n{wanted}"
            )


def matches(expected: tuple[str, ...], output: str) -> bool:
    """Compare a transcript with what came out."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line.strip() == _ANY else _line(line) for line in _trimmed(expected)
    )
    actual = "".join(f"{line}\n" for line in _trimmed(tuple(output.splitlines())))
    return re.fullmatch(pattern, actual) is not None


def _trimmed(lines: tuple[str, ...]) -> list[str]:
    text = "\n".join(" ".join(line.split(" ")).rstrip() for line in lines).strip("\n")
    text = re.sub(" {2,}", " ", _DATE.sub("<date>", _NAME.sub("<name>", text)))
    return text.split("\n") if text else []


def _line(line: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in line.split(_ANY)) + r"\n"


def main(files: list[str]) -> None:
    """Print what the commands of each file print."""
    with tempfile.TemporaryDirectory(prefix="fluxbump-docs-") as name:
        scratch = Path(name)
        index = generate.index(scratch / "charts", only=["2.13.0", "2.14.1", "2.15.0"])
        helpers.make_templates(scratch / "templates")
        for file in files:
            for number, section in enumerate(sections(Path(file).read_text(encoding="utf-8"))):
                place = scratch / f"{Path(file).name}-{number}"
                place.mkdir()
                _print(run(section, place, index, scratch / "templates"))


def _print(outcomes: list[Outcome]) -> None:
    for one in outcomes:
        sys.stdout.write(f"$ {one.step.command}    (line {one.step.line}, exit {one.code})\n")
        sys.stdout.write(one.output)
    for problem in problems(outcomes):
        sys.stdout.write(f"!!! {problem}\n")


def options(text: str) -> Mapping[str, None]:
    """Return the long options that a text names."""
    return dict.fromkeys(re.findall(r"(?<![\w-])--[a-z][a-z-]+(?![\w-])", text))


if __name__ == "__main__":
    main(sys.argv[1:])
