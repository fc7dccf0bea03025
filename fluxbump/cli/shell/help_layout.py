"""The parts of `--help` beside the texts of options: groups of options, notes, exit codes.

Loaded for help only. The order is that of a reader's questions: what is it, how is it typed, which
options are there, what does the exit code mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, str] = {
    "Target": "from repo rev staged worktree base no-base remote forge forge-url chart-version "
    "operator directory bootstrap bump in-place checkout select ignore limit prereleases "
    "source archived forks jobs shard shards resume fix migrate-apis no-mentions leave-gotk align",
    "Output": "dry-run output output-file output-format all statistics show-suppressed log-format "
    "exit-code metrics color no-pager yes quiet verbose",
    "Safety": "allow-downgrade force accept-risk config-from strict render no-render "
    "require-render self-test baseline write-baseline kubernetes cluster cluster-state context "
    "allow-http allow-host timeout",
    "Sources": "index releases offline helm flux",
}
"""The groups of options in the order of the help, with the long names in each, without dashes."""

REST = "Options"
"""The group of an option that none of `GROUPS` names, such as `--help`."""

NOTES: Mapping[str, str] = {
    "run": "The token comes from FLUXBUMP_TOKEN or FLUXBUMP_TOKEN_FILE, from the usual variable of "
    "the forge, or from git's credential helper. The section `run` of fluxbump.yaml is the policy.",
    "fleet": "--archived, --forks, --forge, and --forge-url are options of discover. "
    "--shards is an option of matrix.",
}
"""A paragraph of some commands, between the description and the examples."""

EXIT_CODES: Mapping[str, Mapping[int, str]] = {
    "check": {0: "no error", 1: "errors found"},
    "path": {0: "there is a route", 1: "there is no safe route"},
    "recover": {
        0: "nothing to recover",
        1: "the script on standard output recovers the cluster",
        2: "the input does not decide it",
        5: "the repository lacks a value that the commands need",
        8: "kubectl is missing",
    },
    "status": {0: "the pins agree", 1: "the pins disagree", 7: "fluxbump cannot check that"},
}
"""The exit codes of the commands that give some of them a meaning of their own."""


def group_of(options: Sequence[str]) -> str:
    """Return the group of an option, given by its names with dashes."""
    names = {option.lstrip("-") for option in options}
    return next((title for title, known in GROUPS.items() if names & {*known.split()}), REST)


def exit_codes(command: str) -> list[tuple[str, str]]:
    """Return a command's own exit codes with their meanings. Without a command, all of them."""
    from fluxbump import errors

    codes = EXIT_CODES.get(command, {}) if command else errors.EXIT_CODES
    return [(str(code), meaning) for code, meaning in codes.items()]


def others(command: str) -> str:
    """Return the sentence that points to the other exit codes. Empty for the program itself."""
    if not command:
        return ""
    which = "The others are" if command in EXIT_CODES else "They are"
    return f"{which} the same for every command: see `fluxbump --help`."
