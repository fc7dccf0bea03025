"""Reads the output of one repository's run, and makes the fleet's result from it. Pure.

The child process is ours, but its output has text from repositories and forges. So the output is
hostile until it is parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from fluxbump.fleet.process_results import End, ProcessResult
from fluxbump.fleet.repositories import FleetEntry, FleetOutcome, FleetResult, PullRequestLink
from fluxbump.text import markdown
from fluxbump.text.patterns import lazy_pattern

_LONGEST_URL = 2000
_LONGEST_SENTENCE = 500
_RUN = "fluxbump/run/v1"
_SECRET = lazy_pattern(r"TOKEN$|SECRET|PASSWORD|PASSWD|_PAT$|_KEY$")
_ERROR = "error: "
_SHORTEST_SECRET = 6
"""The fewest characters of a secret that is masked: a shorter one could mask plain words."""


def result(entry: FleetEntry, done: ProcessResult) -> FleetResult:
    """Return the result of a repository from the output of its run.

    Args:
        entry: the repository.
        done: the exit code and the output of its run, without secrets.
    """
    reasons = {
        End.LATE: "timed out (see --timeout)",
        End.FLOOD: "printed too much output",
        End.STOPPED: "was stopped",
        End.NOT_STARTED: done.err,
    }
    if done.end in reasons:
        return failed(entry, reasons[done.end])
    said = why(done.err)
    if done.code < 0:
        return failed(entry, f"ended by {done.signal}{': ' if said else ''}{said}")
    if done.code:
        return failed(entry, said or f"ended with code {done.code}")
    try:
        return read_report(entry, done.out)
    except ValueError as error:
        return failed(entry, f"its run printed no valid report: {error}")


def failed(entry: FleetEntry, why: str) -> FleetResult:
    """Return the result of a run that failed."""
    return FleetResult(entry, FleetOutcome.FAILED, clean(why) or "failed without a message")


def secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of variables whose names say that they are secret."""
    return tuple(
        value
        for name, value in environ.items()
        if _SECRET.search(name.upper()) and len(value) >= _SHORTEST_SECRET
    )


def clean(text: str) -> str:
    """Return the text of a child on one line, safe to print, and not too long."""
    return markdown.clean(text, _LONGEST_SENTENCE)


def read_report(entry: FleetEntry, text: str) -> FleetResult:
    """Return the result in the JSON report of a run, `fluxbump/run/v1`.

    Raises:
        ValueError: the text is not such a report.
    """
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(content, dict) or content.get("schema") != _RUN:
        raise ValueError(f"not a report of the schema {_RUN}")
    return read_result(entry, content)


def read_result(entry: FleetEntry, content: Mapping[str, object]) -> FleetResult:
    """Return a result from the keys that `fluxbump/run/v1` and the fleet's state share.

    Raises:
        ValueError: a key is missing, or a value is invalid.
    """
    outcome = FleetOutcome(_word(content.get("outcome")) or "")
    if not outcome.is_done:
        raise ValueError("an outcome that no run has")
    return FleetResult(
        entry,
        outcome,
        clean(_text(content.get("summary")) or ""),
        _word(content.get("current")),
        _word(content.get("target")),
        _pull_request(content.get("pull_request")),
        published=_moment(content.get("goal_published")),
    )


def _moment(value: object) -> datetime | None:
    text = _text(value)
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found


def _pull_request(value: object) -> PullRequestLink | None:
    match value:
        case None:
            return None
        case {"number": int(number), "url": str(url)} if number >= 0:
            # A URL that is cut would lead to another page.
            return PullRequestLink(
                number, markdown.address(url) if len(url) < _LONGEST_URL else None
            )
    raise ValueError("not a pull request")


def _word(value: object) -> str | None:
    """Return a release or an outcome, which must be one word, so that result lines keep columns."""
    text = _text(value)
    if text is not None and (not re.fullmatch(r"[!-~]{1,100}", text)):
        raise ValueError("not a word")
    return text


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError("not text")


def why(err: str) -> str:
    """Return the error line of a failed child, or else its last line that is no log line.

    Args:
        err: the child's standard error, which can have log lines in JSON.
    """
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(_ERROR)]
    line = (said or [line for line in lines if not line.startswith("{")] or [""])[-1]
    return clean(line.removeprefix(_ERROR))


def log_lines(name: str, err: str) -> list[str]:
    """Return the lines of a child's standard error as JSON that names the repository."""
    return [
        json.dumps({"repository": name, **_log(line)}) for line in err.splitlines() if line.strip()
    ]


def _log(line: str) -> dict[str, object]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    return content if isinstance(content, dict) else {"event": "said", "message": clean(line)}
