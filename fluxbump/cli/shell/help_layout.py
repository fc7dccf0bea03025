"""What `--help` prints beside the texts of the options: examples, groups of options, exit codes.

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
"""Groups of options in the order of the help, and the long names in each, without their dashes."""

REST = "Options"
"""The group of an option that none of `GROUPS` names, such as `--help`."""

EXAMPLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "": (
        ("Show every pin of the repository that you are in", "fluxbump status"),
        ("Show what an upgrade would change", "fluxbump to latest-safe --dry-run"),
        ("Check a pull request", "fluxbump check --base origin/main"),
        ("Print a script that restores lost controllers", "fluxbump recover --cluster"),
    ),
    "to": (
        ("Show what would change", "fluxbump to 2.5.1 --dry-run"),
        ("Take the newest 2.5.x that has a chart", "fluxbump to 2.5"),
        ("Edit the working tree instead of creating a branch", "fluxbump to latest --in-place"),
    ),
    "init": (
        ("Show the files that it would write", "fluxbump init --dry-run"),
        ("Write them without a question", "fluxbump init --yes"),
    ),
    "sync": (
        ("Follow the flux2 dependency of the wrapper", "fluxbump sync --from chart"),
        ("Show what would follow the install URL", "fluxbump sync --from install-url --dry-run"),
    ),
    "run": (
        ("Show what would be pushed and sent, without a token", "fluxbump run --dry-run"),
        (
            "Run without a checkout",
            "fluxbump run --repo https://git.example.org/platform/monorepo.git",
        ),
    ),
    "fleet": (
        (
            "Continue where an earlier run stopped",
            "fluxbump fleet fleet.yaml --jobs 8 --resume round.jsonl",
        ),
        ("Print the matrix of a GitHub Actions job", "fluxbump fleet matrix fleet.yaml --shards 4"),
        (
            "List the repositories of an owner",
            "fluxbump fleet discover https://github.com/OWNER > fleet.yaml",
        ),
    ),
    "check": (
        ("Check the working tree", "fluxbump check"),
        ("Check what the next commit holds", "fluxbump check --staged"),
        ("Annotate a pull request", "fluxbump check --base origin/main -o github"),
    ),
    "status": (
        ("Show the pins of HEAD", "fluxbump status"),
        ("Include uncommitted changes", "fluxbump status --worktree"),
    ),
    "path": (
        ("Print the hops from the installed release", "fluxbump path 2.8.5"),
        ("Use the stored versions of a cluster", "fluxbump path 2.8.5 --cluster"),
    ),
    "matrix": (
        ("Print the API versions that change", "fluxbump matrix"),
        ("Write a page for a browser", "fluxbump matrix -o html > matrix.html"),
    ),
    "recover": (
        (
            "Write the script for the current cluster, to review and run",
            "fluxbump recover --cluster > recover.sh",
        ),
        (
            "Read a file if kubectl runs elsewhere (docs/recover.md)",
            "fluxbump recover --cluster-state state.json",
        ),
        (
            "Use the repaired repository before it is merged",
            "fluxbump recover --cluster --rev fluxbump/flux-2.4.0",
        ),
    ),
    "releases": (
        ("List the newest releases", "fluxbump releases"),
        ("List the last 40, prereleases included", "fluxbump releases --limit 40 --prereleases"),
    ),
    "rules": (("List the rules for a program", "fluxbump rules -o json"),),
    "rule": (("Explain a finding", "fluxbump rule version-agreement"),),
    "schema": (
        ("Write the schema for an editor", "fluxbump schema config > fluxbump.schema.json"),
    ),
}
"""Examples of each command, and of the program itself: a comment and a line to paste."""

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
"""The exit codes of the commands that have a meaning of their own for some."""


def group_of(options: Sequence[str]) -> str:
    """Return the group of an option, given by its names with dashes."""
    names = {option.lstrip("-") for option in options}
    return next((title for title, known in GROUPS.items() if names & {*known.split()}), REST)


def examples(command: str) -> list[str]:
    """Return the lines of a command's examples; none if it has none."""
    lines: list[str] = []
    for comment, line in EXAMPLES.get(command, ()):
        lines += [f"# {comment}", line]
    return lines


def exit_codes(command: str) -> list[tuple[str, str]]:
    """Return the exit codes of a command, and what they mean; all for the program itself."""
    from fluxbump import errors

    codes = EXIT_CODES.get(command, {}) if command else errors.EXIT_CODES
    return [(str(code), meaning) for code, meaning in codes.items()]


def others(command: str) -> str:
    """Say where the other exit codes of a command are; empty for the program itself."""
    if not command:
        return ""
    which = "The others are" if command in EXIT_CODES else "They are"
    return f"{which} the same for every command: see `fluxbump --help`."
