"""The files that a repository begins with: configuration, hook, workflow. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from msgspec import Struct

from fluxbump.config.settings import FILE

HOOK = ".pre-commit-config.yaml"
_WORKFLOWS = {
    "github": ".github/workflows/flux-pins.yml",
    "gitea": ".gitea/workflows/flux-pins.yml",
    "forgejo": ".forgejo/workflows/flux-pins.yml",
    "gitlab": ".gitlab-ci.yml",
}
"""Where the workflow of each kind of forge stands; for the others there is no template."""
_SIGNS = {
    ".github/workflows/": "github",
    ".gitea/workflows/": "gitea",
    ".forgejo/workflows/": "forgejo",
    ".gitlab-ci.yml": "gitlab",
}
"""What a repository has if it runs its CI on a kind of forge, the most telling first."""

HOOK_TEXT = """\
# Checks what is staged, before each commit; `pre-commit install` switches it on.
repos:
  - repo: local
    hooks:
      - id: fluxbump-check
        name: fluxbump check
        entry: fluxbump check --staged --no-render
        language: system
        pass_filenames: false
        always_run: true
"""
ACTIONS_TEXT = """\
# Checks that the versions of Flux agree, in each pull request and on the main branch.
name: flux-pins

on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          # The merge base has to be there.
          fetch-depth: 0
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install "$FLUXBUMP_SOURCE"
        env:
          # Where fluxbump comes from: what `pip install` takes.
          FLUXBUMP_SOURCE: SOURCE
      - run: fluxbump check --output github
"""
GITLAB_TEXT = """\
# Checks that the versions of Flux agree, in each merge request and on the main branch.
fluxbump-check:
  stage: test
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  variables:
    # Where fluxbump comes from: what `pip install` takes.
    FLUXBUMP_SOURCE: SOURCE
    # The merge base has to be there.
    GIT_DEPTH: "0"
  script:
    - pip install --quiet --disable-pip-version-check "$FLUXBUMP_SOURCE"
    - fluxbump check --output text --output junit=fluxbump-check.xml
  artifacts:
    when: always
    reports:
      junit: fluxbump-check.xml
"""


class Beginning(Struct, frozen=True):
    """What is known of a repository that begins.

    Attributes:
        paths: of its files and symbolic links.
        forge: the kind of forge that its remote's host is known for; None for any other host.
        charts: names of its own charts that move with Flux.
        unreadable: files that may hold a pin and cannot be read.
        source: what `pip install` takes to install fluxbump; None if nobody said.
    """

    paths: frozenset[str]
    forge: str | None
    charts: Sequence[str]
    unreadable: Sequence[str]
    source: str | None


class FirstFile(Struct, frozen=True):
    """A file to write, or why it is not written.

    Attributes:
        path: of it.
        text: what it holds.
        left: why it stays as it is, or is not written; empty if it is to be written.
    """

    path: str
    text: str
    left: str = ""


def first_files(known: Beginning) -> tuple[FirstFile, ...]:
    """Decide what to write: nothing that is there already is written again."""
    return tuple(_files(known))


def _files(known: Beginning) -> Iterator[FirstFile]:
    yield _unless_there(known, FILE, _configuration(known))
    yield _unless_there(known, HOOK, HOOK_TEXT)
    forge = known.forge or _sign(known.paths)
    path = _WORKFLOWS.get(forge or "")
    if path is None:
        why = f"fluxbump has no workflow for {forge}" if forge else "the forge is not known"
        yield FirstFile("the workflow", "", f"{why} (run `fluxbump check` in your CI)")
        return
    template = GITLAB_TEXT if forge == "gitlab" else ACTIONS_TEXT
    # JSON's strings are YAML's too, so no source breaks the file.
    text = template.replace("SOURCE\n", f"{json.dumps(known.source or '')}\n")
    if known.source is None:
        why = "use --source to say where CI installs fluxbump from: git+https://HOST/REPO@TAG"
        yield FirstFile(path, template, f"not written: {why}")
    else:
        yield _unless_there(known, path, text)


def _unless_there(known: Beginning, path: str, text: str) -> FirstFile:
    there = path in known.paths
    return FirstFile(path, text, "the file exists, and fluxbump did not change it" if there else "")


def _sign(paths: frozenset[str]) -> str | None:
    """Return the kind of forge whose CI a repository uses."""
    for sign, forge in _SIGNS.items():
        if any(path == sign or (sign.endswith("/") and path.startswith(sign)) for path in paths):
            return forge
    return None


def _configuration(known: Beginning) -> str:
    """Write the configuration: only keys that matter for what was found."""
    lines = [
        "# How fluxbump works here. `fluxbump schema config` prints every key.",
        "# Without this file, fluxbump finds the pins by itself.",
    ]
    if known.charts:
        lines += [
            "",
            "# How fluxbump bumps the versions of your own charts: patch, minor, major, or none.",
            *(f"#   {json.dumps(name)}" for name in known.charts),
            "bump: patch",
        ]
    if known.unreadable:
        lines += [
            "",
            "# fluxbump cannot read these files. If no file of a line holds a pin, move the line",
            "# below `exclude:`.",
            "exclude: []",
            *(f"#   - {json.dumps(path)}" for path in known.unreadable),
        ]
    sign = _sign(known.paths)
    if known.forge is None and sign is not None:
        lines += [
            "",
            "# `fluxbump run` opens pull requests there: the host of the remote does not say what",
            "# it is, and the CI files do.",
            "run:",
            f"  forge: {sign}",
        ]
    return "\n".join(lines) + "\n"
