"""The examples that `--help` prints for each command. Loaded for help only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def examples(command: str) -> list[str]:
    """Return the lines of a command's examples. Empty if it has none."""
    lines: list[str] = []
    for comment, line in EXAMPLES.get(command, ()):
        lines += [f"# {comment}", line]
    return lines
