"""The layout of an error: the problem first, a line for each fact, and what to type next."""

from __future__ import annotations

import pytest

from fluxbump.cli.output import typed_command
from fluxbump.errors import Again, FluxbumpError, PinError, RepositoryError
from fluxbump.model import Location, Related, Step
from fluxbump.reports.error_text import error_lines
from tests.helpers import Cli, Repo

PLACE = Location("a.yaml", 3)


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (PinError("no pin", where=PLACE), ["error: a.yaml:3: no pin"]),
        (PinError("no pin", hint="add one"), ["error: no pin (add one)"]),
        (PinError("no pin", hint="x" * 70), ["error: no pin", f"  {'x' * 70}"]),
        (
            PinError("no pin", facts=["one", "two"], hint="add one"),
            ["error: no pin", "  one", "  two", "  add one"],
        ),
        (
            PinError("2 pins", places=[Related(PLACE, "old"), Related(PLACE, "new")]),
            ["error: 2 pins", "  a.yaml:3: old", "  a.yaml:3: new"],
        ),
        (PinError("no pin", places=[Related(PLACE, "old")]), ["error: no pin"]),
        (PinError("a\nb\x1b[31m"), ["error: a\ufffdb\ufffd[31m"]),
    ],
    ids=["place", "short-hint", "long-hint", "facts", "places", "one-place", "from-outside"],
)
def test_each_part_has_its_line(error: FluxbumpError, lines: list[str]) -> None:
    assert error_lines(error, []) == lines


def test_commands_come_last() -> None:
    steps = [Step("fluxbump a", "does a"), Step("fluxbump bc")]
    assert error_lines(PinError("no pin", facts=["one"]), steps) == [
        "error: no pin",
        "  one",
        "next: fluxbump a   does a",
        "      fluxbump bc",
    ]


def test_a_terminal_wraps_what_is_read_and_not_what_is_pasted() -> None:
    command = "fluxbump to 2.5.1 --index https://charts.example.org/index.yaml"
    error = PinError("a problem that is longer than its line", facts=["and a fact that is, too"])
    assert error_lines(error, [Step(command)], width=20) == [
        "error: a problem",
        "    that is longer",
        "    than its line",
        "  and a fact that",
        "      is, too",
        f"next: {command}",
    ]


def test_a_reason_has_all_parts_on_one_line() -> None:
    error = PinError("no pin", where=PLACE, facts=["one", "two"], hint="add one")
    assert str(error) == "a.yaml:3: no pin; one; two (add one)"


def test_the_command_that_failed_is_typed_again(repo: Repo, cli: Cli) -> None:
    result = cli("to", "2.3.0", "--quiet", cwd=repo)
    assert (result.code, result.out) == (9, "")
    assert result.err.endswith(
        "\n  the API server can refuse a downgrade\n"
        "next: fluxbump to 2.3.0 --quiet --allow-downgrade  allows the downgrade\n"
    )


def test_a_word_can_be_left_out_of_it() -> None:
    typed_command.remember(["to", "2.5.1", "--in-place", "-q"])
    error = RepositoryError("no", next=[Again(("--force",), "why", drop=("--in-place",))])
    assert typed_command.steps(error) == [Step("fluxbump to 2.5.1 -q --force", "why")]
