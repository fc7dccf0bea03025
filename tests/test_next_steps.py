"""The last lines of a report: commands that a reader can type."""

from __future__ import annotations

import shlex

from fluxbump.model import Step
from fluxbump.reports.next_steps import lines, typed
from fluxbump.reports.next_steps_json import next_json

REFUSED = [
    Step("fluxbump to 2.6.4", "newest safe release"),
    Step("fluxbump path 2.8.5", "the route, hop by hop"),
    Step("fluxbump to 2.8.5 --accept-risk FB202,FB203,FB207 --allow-downgrade", "accept all"),
]


def test_the_first_command_follows_the_word_and_the_others_stand_below_it() -> None:
    assert lines(REFUSED) == [
        "next: fluxbump to 2.6.4    newest safe release",
        "      fluxbump path 2.8.5  the route, hop by hop",
        "      fluxbump to 2.8.5 --accept-risk FB202,FB203,FB207 --allow-downgrade  accept all",
    ]


def test_a_command_that_says_it_all_has_no_reason_behind_it() -> None:
    assert lines([Step("fluxbump to 2.4.0")]) == ["next: fluxbump to 2.4.0"]


def test_nothing_to_type_is_no_line() -> None:
    assert lines([]) == []


def test_a_word_of_a_command_is_quoted_if_the_shell_would_part_it() -> None:
    words = ["git", "diff", "--", "clusters/a b/x.yaml", "it's.yaml"]
    assert typed(words) == """git diff -- 'clusters/a b/x.yaml' 'it'"'"'s.yaml'"""
    assert shlex.split(typed(words)) == words


def test_programs_get_the_same_commands() -> None:
    assert next_json(REFUSED[:1]) == [
        {"command": "fluxbump to 2.6.4", "why": "newest safe release"}
    ]
