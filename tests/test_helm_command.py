"""Which helm commands install a chart that moves, and at which version."""

from __future__ import annotations

import pytest

from fluxbump.discover.pins.charts import helm_command
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Note, Pin
from fluxbump.text.live_code import TextFile
from tests.helpers import COMMUNITY, brief

F = "helm upgrade -i flux2 fluxcd/flux2"
OCI = "oci://ghcr.io/fluxcd-community/charts/flux2"
EXACT = "helm-command flux2 2.14.1"
DOCKER = 'RUN ["helm", "pull", "fluxcd/flux2", "--version", "2.14.1"]\n'
FOLDED = (
    "- run: >-\n    helm install flux2\n    fluxcd/flux2\n    --version 2.14.1\n"
    "- run: |\n    helm install f c/flux2\n    --version 2.14.1\n"
)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.sh", f"{F} -n x --version 2.14.1\n", [f"1 {EXACT}"]),
        ("a.sh", 'helm upgrade a b/flux2 \\\n  --version="2.14.1" \\\n  -n x\n', [f"2 {EXACT}"]),
        ("a.sh", "helm install --version 'v2.14.1' f b/flux2; x\n", [f"1 {EXACT}"]),
        ("a.sh", f"helm pull {OCI} --version 2.14.1", [f"1 {EXACT}"]),
        ("a.sh", f"helm template --repo {COMMUNITY} f flux2 --version 2.14.1\n", [f"1 {EXACT}"]),
        ("a.sh", f"{F} -f <(cat v) --version 2.14.1 | tee log\n", [f"1 {EXACT}"]),
        ("Makefile", f"x:\n\t@{F} --version 2.14.1\n", [f"2 {EXACT}"]),
        ("Dockerfile", DOCKER, [f"1 {EXACT}"]),
        ("ci.yml", FOLDED, [f"4 {EXACT}", "6 helm-command flux2  [unpinned]"]),
        ("t.yml", f"- cmd: {F}\n    --version 2.14.1\n  silent: true\n", [f"2 {EXACT}"]),
        ("t.yml", f"- '{F} --version 2.14.1'\n", [f"1 {EXACT}"]),
        ("a.json", f'{{"run": "{F} --version \\"2.14.1\\""}}', [f"1 {EXACT}"]),
        ("a.sh", f"{F} --version ${{V}}\n", ["1 helm-command flux2 ${V} [variable]"]),
        ("t.yml", f"- {F} --version {{{{ .V }}}}\n", ["1 helm-command flux2 {{ .V }} [variable]"]),
        ("a.sh", f"{F}\n", ["1 helm-command flux2  [unpinned]"]),
        ("a.sh", f'C={OCI}\nhelm install f "$C" --version 2.14.1\n', [f"2 {EXACT}"]),
        ("Makefile", f"C := {OCI}\nx:\n\thelm pull $(C) --version 2.14.1\n", [f"3 {EXACT}"]),
        ("a.sh", "C=fluxcd/flux2 # x\nhelm install f ${C} --version 2.14.1\n", [f"2 {EXACT}"]),
        ("a.sh", "C=a/flux2\nC=a/b\nhelm install f $C --version 2.14.1\n", []),
        ("a.sh", "C=$X/flux2\nhelm install f $C --version 2.14.1\n", []),
        ("a.sh", "C=./charts/flux2\nhelm install f $C --version 2.14.1\n", []),
        ("a.sh", "# C=a/flux2\nhelm install f $C --version 2.14.1\n", []),
        ("a.sh", "helm upgrade flux2 charts/flux2\n", []),
        ("a.sh", f"# {F} --version 2.14.1\n", []),
        ("a.sh", "helm upgrade flux2 c/flux2-sync --version 2.14.1\n", []),
        ("a.sh", "helm list -n flux2\n", []),
        ("a.bat", f"{F} ^\r\n  --version 2.14.1\r\n", [f"2 {EXACT}"]),
        ("a.sh", f"helm upgrade -i flux {OCI}:2.14.1 --wait\n", [f"1 {EXACT}"]),
        ("a.sh", f"helm upgrade -i flux {OCI}:$V\n", ["1 helm-command flux2 $V [variable]"]),
        ("a.sh", "helm upgrade -i flux c/flux2:2.14.1\n", []),
        ("a.md", f"{F} --version 2.14.1\n", []),
    ],
)
def test_commands(path: str, text: str, expected: list[str]) -> None:
    found = [p for p in helm_command.find(TextFile(path, text), Context()) if isinstance(p, Pin)]
    assert brief(found) == expected
    for pin in found:
        assert pin.form != "exact" or text[pin.start : pin.end] == pin.value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("helm repo add z https://z.example.org\nhelm pull z/flux2 --version 1.0.0\n", "z.example"),
        ("helm install f oci://r.example.org/c/flux2 --version 1.0.0\n", "oci://r.example.org/c"),
        (f"{F} --version X.Y.Z\n", "neither a version nor a range"),
    ],
)
def test_what_is_left_alone_is_noted(text: str, says: str) -> None:
    (note,) = helm_command.find(TextFile("a.sh", text), Context())
    assert isinstance(note, Note)
    assert says in note.message


# --- programs -----------------------------------------------------------------------------------

ARGUMENTS = '"upgrade", "--install", "flux2", "fluxcd-community/flux2"'
RUST = f"""Command::new("helm")
    .args([
        {ARGUMENTS},
        "--version", "2.14.1", // pinned
    ])
"""


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.go", f'exec.Command("helm", {ARGUMENTS}, "--version", "2.14.1").Run()\n', [EXACT]),
        ("a.go", f'exec.Command("helm", {ARGUMENTS},\n\t"--version=2.14.1")\n', [EXACT]),
        ("a.py", f'subprocess.run(["helm", {ARGUMENTS}, "--version", "2.14.1"])\n', [EXACT]),
        ("a.ts", f"await execa('helm', [{ARGUMENTS}, '--version', '2.14.1']);\n", [EXACT]),
        ("a.rs", RUST, [EXACT]),
        ("a.py", f'run("{F} --version 2.14.1", shell=True)\n', [EXACT]),
        ("a.ts", f"execSync(`{F} --version 2.14.1`);\n", [EXACT]),
        ("a.ts", f"execSync(`{F} --version ${{v}}`);\n", ["helm-command flux2 {v} [variable]"]),
        ("a.go", f'exec.Command("helm", {ARGUMENTS}, "--version", v)\n',
            ["helm-command flux2 v [variable]"]),
        ("a.py", f'run(["helm", {ARGUMENTS}])\n', ["helm-command flux2  [unpinned]"]),
        ("a.py", f'print("{F} --version 2.14.1")\n', []),
        ("a.py", f'# run("{F} --version 2.14.1")\n', []),
        ("a_test.go", f'exec.Command("helm", {ARGUMENTS}, "--version", "2.14.1")\n', []),
        ("a.py", 'run(["helm", "repo", "add", "flux2", "https://example.org/flux2"])\n', []),
    ],
)  # fmt: skip
def test_commands_of_programs(path: str, text: str, expected: list[str]) -> None:
    found = [p for p in helm_command.find(TextFile(path, text), Context()) if isinstance(p, Pin)]
    assert [one.partition(" ")[2] for one in brief(found)] == expected
    for pin in found:
        assert pin.form != "exact" or text[pin.start : pin.end] == pin.value


def test_a_text_in_a_program_is_noted() -> None:
    text = f'print("{F} --version 2.14.1")\n'
    (note,) = helm_command.find(TextFile("a.py", text), Context())
    assert isinstance(note, Note)
    assert "names a helm command" in note.message
