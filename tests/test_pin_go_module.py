"""Go modules of Flux: compared, and listed with the command that moves them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import go_module
from fluxbump.model import Pin, Severity
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, brief, chart_index, find, repository, script, snapshot

MODULE = (
    "module example.org/tool\n\ngo 1.23\n\nrequire (\n"
    "\tgithub.com/fluxcd/flux2/v2 v2.4.0\n"
    "\tgithub.com/fluxcd/helm-controller/api v1.1.0\n"
    "\tgithub.com/fluxcd/source-controller/api v1.4.1 // indirect\n"
    "\tgithub.com/fluxcd/pkg/ssa v0.41.1\n)\n"
)
FOUND = [
    "6 go-module flux 2.4.0 [opaque]",
    "7 go-module helm-controller 1.1.0 [opaque]",
]


def test_a_module_from_before_the_second_major_is_a_note() -> None:
    text = "module example.org/tool\n\nrequire github.com/fluxcd/flux2 v0.41.2\n"
    inventory = find({"go.mod": text})
    assert inventory.pins == ()
    (note,) = inventory.notes
    assert str(note.location) == "go.mod:3"
    assert note.message == "module github.com/fluxcd/flux2 0.41.2 is from before 2.0.0"
    assert note.advice == "Import github.com/fluxcd/flux2/v2 instead"


def pins(path: str, text: str) -> list[str]:
    found = go_module.find(TextFile(path, text), Context())
    return brief(one for one in found if isinstance(one, Pin))


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("go.mod", MODULE, FOUND),
        ("tools/go.mod", MODULE.replace("\n", "\r\n"), FOUND),
        ("go.mod", "require github.com/fluxcd/flux2/v2 v2.4.0\n", ["1" + FOUND[0][1:]]),
        ("go.mod", "// require github.com/fluxcd/flux2/v2 v2.4.0\n", []),
        ("go.mod", "exclude (\n\tgithub.com/fluxcd/flux2/v2 v2.4.0\n)\n", []),
        ("go.mod", "replace github.com/fluxcd/flux2/v2 v2.4.0 => ../flux\n", []),
        (
            "go.mod",
            "require github.com/fluxcd/flux2/v2 v2.0.0-20250101000000-0123456789ab\n",
            [],
        ),
        ("pkg/testdata/go.mod", MODULE, []),
        ("go.mod.txt", MODULE, []),
    ],
)
def test_what_is_required(path: str, text: str, expected: list[str]) -> None:
    assert pins(path, text) == expected


def test_a_bump_lists_it_with_the_command(repo: Repo, cli: Cli) -> None:
    repo.commit({"tool/go.mod": MODULE, "tool/go.sum": "\n"})
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "tool/go.mod") == MODULE
    assert "run `go get github.com/fluxcd/flux2/v2@v2.5.1` and `go mod tidy`" in result.out
    assert "run `go get github.com/fluxcd/helm-controller/api@v1.2.0`" in result.out


def findings(version: str, module: str, installed: str = "2.4.0") -> list[tuple[Severity, str]]:
    files = {
        "i.sh": script(installed),
        "go.mod": f"require github.com/fluxcd/{module} v{version}\n",
    }
    verdict = judge(examine(snapshot(files), Settings(), chart_index()), ("FB117",))
    return [(one.severity, one.message) for one in verdict.findings]


@pytest.mark.parametrize(
    ("module", "version", "severity"),
    [
        ("flux2/v2", "2.4.0", None),
        ("flux2/v2", "2.5.1", Severity.NOTE),
        ("helm-controller/api", "1.1.0", None),
        ("helm-controller/api", "1.0.1", Severity.NOTE),
        ("helm-controller/api", "1.1.9", Severity.NOTE),
        ("helm-controller/api", "1.2.0", Severity.ERROR),
        ("flagger/api", "1.2.0", None),
    ],
)
def test_it_is_compared_with_what_is_installed(
    module: str, version: str, severity: Severity | None
) -> None:
    assert [one for one, _ in findings(version, module)] == ([severity] if severity else [])


def test_the_module_of_a_controller_may_have_a_major_version() -> None:
    ((severity, message),) = findings("2.0.3", "source-watcher/api/v2", "2.8.0")
    assert severity is Severity.NOTE
    assert message.endswith("Flux 2.8.0 is installed here (i.sh:2), which has 2.1.0")


def test_the_message_says_the_version_of_the_controller() -> None:
    ((_, message),) = findings("1.2.0", "helm-controller/api")
    assert message == (
        "module github.com/fluxcd/helm-controller/api holds 1.2.0, but Flux 2.4.0 is installed "
        "here (i.sh:2), which has 1.1.0"
    )


def test_a_refusal_for_a_newer_module_can_be_accepted(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    """The code that the refusal names is one that the option takes."""
    go_mod = "module a\n\nrequire github.com/fluxcd/source-controller/api v1.5.0\n"
    repo = repository(tmp_path / "r", {"a.sh": script("2.5.1"), "go.mod": go_mod}, index)
    refused = cli("to", "2.4.0", "--allow-downgrade", cwd=repo)
    assert refused.code == 1, refused.err
    assert "a Go module is newer than the controller that is installed" in refused.err
    last = refused.err.splitlines()[-1].strip().removeprefix("fluxbump ").split("  ")[0]
    assert last == "to 2.4.0 --allow-downgrade --accept-risk FB117"
    assert cli(*last.split(), cwd=repo).code == 0
