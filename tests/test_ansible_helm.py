"""Which Ansible tasks install a chart that moves, and at which version.

The keys are those of kubernetes.core.helm, helm_template, helm_pull and helm_repository.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.discover.pins.charts import ansible_helm
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Note, Pin
from fluxbump.text.live_code import TextFile
from tests.helpers import COMMUNITY, Cli, brief, find, repository, small

EXACT = "ansible-helm flux2 2.14.1"
OCI = "oci://ghcr.io/fluxcd-community/charts/flux2"
TASK = """- name: Install Flux
  kubernetes.core.helm:
    name: flux2
    chart_ref: fluxcd-community/flux2
    chart_version: 2.14.1
    release_namespace: flux-system
"""
ADDS = """- kubernetes.core.helm_repository: {name: fluxcd-community, repo_url: URL}
"""
BY_URL = f"""- helm:
    chart_ref: flux2
    chart_repo_url: {COMMUNITY}
    chart_version: "v2.14.1"
"""
COMMAND = """- ansible.builtin.command: >-
    helm upgrade --install flux2 fluxcd-community/flux2
    --version 2.14.1
- ansible.builtin.command:
    cmd: helm upgrade --install flux2 fluxcd-community/flux2 --version 2.14.1
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TASK, [f"5 {EXACT}"]),
        (ADDS.replace("URL", COMMUNITY) + TASK, [f"6 {EXACT}"]),
        (TASK.replace("kubernetes.core.", "community.kubernetes."), [f"5 {EXACT}"]),
        (TASK.replace("kubernetes.core.helm", "helm"), [f"5 {EXACT}"]),
        (TASK.replace("fluxcd-community/flux2", OCI), [f"5 {EXACT}"]),
        (BY_URL, [f"4 {EXACT}"]),
        (f"- hosts: all\n  tasks:\n  - block:\n    - helm: {{chart_ref: {OCI}}}\n",
            ["4 ansible-helm flux2  [unpinned]"]),
        ("releases:\n- {name: flux, chart_ref: c/flux2, chart_version: 2.14.1}\n",
            [f"2 {EXACT}"]),
        (TASK.replace("2.14.1", "'{{ flux_chart }}'"),
            ["5 ansible-helm flux2 {{ flux_chart }} [variable]"]),
        (TASK.replace("2.14.1", "2.x"), ["5 ansible-helm flux2 2.x [range]"]),
        (TASK.replace("fluxcd-community/flux2", "fluxcd-community/flux2-sync"), []),
        (TASK.replace("fluxcd-community/flux2", "/opt/charts/flux2"), []),
        (TASK.replace("fluxcd-community/flux2", "charts/flux2"), []),
        (TASK.replace("name: flux2", "state: absent"), []),
        ("\n".join(f"# {line}" for line in TASK.splitlines()), []),
    ],
)  # fmt: skip
def test_tasks(text: str, expected: list[str]) -> None:
    file = TextFile("roles/flux/tasks/main.yml", text)
    found = [one for one in ansible_helm.find(file, Context()) if isinstance(one, Pin)]
    assert brief(found) == expected
    for pin in found:
        assert pin.form != "exact" or text[pin.start : pin.end] == pin.value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BY_URL.replace(COMMUNITY, "https://charts.example.org"), "https://charts.example.org"),
        (ADDS.replace("URL", "https://c.example.org") + TASK, "https://c.example.org, not"),
        (TASK.replace(OCI, "oci://r.example.org/c/flux2").replace("2.14.1", "X.Y.Z"), "neither"),
    ],
)
def test_what_is_left_alone_is_noted(text: str, says: str) -> None:
    (note,) = ansible_helm.find(TextFile("a.yml", text), Context())
    assert isinstance(note, Note)
    assert says in note.message


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("roles/flux/defaults/main.yml", "flux_chart: 2.14.1\n", 1),
        ("roles/flux/vars/main.yml", "---\nflux_chart: '2.14.1'\n", 2),
        ("group_vars/all.yml", "flux_chart: v2.14.1\n", 1),
    ],
)
def test_a_variable_of_the_role_is_followed(path: str, text: str, line: int) -> None:
    task = TASK.replace("2.14.1", "'{{ flux_chart }}'")
    pins = find({"roles/flux/tasks/main.yml": task, path: text}).pins
    assert [f"{pin.location.path}:{pin.location.line} {pin.kind} {pin.value}" for pin in pins] == [
        f"{path}:{line} variable 2.14.1"
    ]


def test_a_plain_command_is_a_helm_command() -> None:
    found = find({"roles/flux/tasks/main.yml": COMMAND}).pins
    assert brief(found) == ["3 helm-command flux2 2.14.1", "5 helm-command flux2 2.14.1"]


def test_a_bump_moves_it_and_check_compares_it(tmp_path: Path, index: Path, cli: Cli) -> None:
    play, role = "play.yml", "roles/flux/defaults/main.yml"
    task = TASK.replace("2.14.1", '"{{ flux_chart }}"')
    held = {play: TASK, role: "flux_chart: 2.14.1\n"}
    repo = repository(
        tmp_path / "repo", small(**held, **{"roles/flux/tasks/main.yml": task}), index
    )
    result = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert result.code == 0, result.err
    for path, text in held.items():
        assert repo.show("fluxbump/flux-2.5.1", path) == text.replace("2.14.1", "2.15.0")
    repo.commit({play: TASK.replace("2.14.1", "2.13.0")})
    behind = cli("check", "--no-render", cwd=repo)
    assert behind.code == 1
    assert f"{play}:5:" in behind.out
