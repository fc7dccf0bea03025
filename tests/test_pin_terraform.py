"""Terraform's and OpenTofu's resources, in both syntaxes, and the provider's own version."""

from __future__ import annotations

import json

import pytest

from fluxbump.discover.pins.charts import terraform
from fluxbump.discover.pins.kind import Context
from fluxbump.model import Note, Pin
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, brief, find

BOOTSTRAP = 'resource "flux_bootstrap_git" "this" {{\n  path = "a"\n{}}}\n'
PROVIDER = 'terraform {\n  required_providers {\n    flux = { source = "fluxcd/flux" }\n  }\n}\n'


def pins(path: str, text: str) -> list[str]:
    found = terraform.find(TextFile(path, text), Context())
    return brief(one for one in found if isinstance(one, Pin))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ('  version = "v2.4.0"\n', ["3 terraform flux 2.4.0"]),
        ('  version = "2.4.0"\n', ["3 terraform flux 2.4.0"]),
        ("  version = var.v\n", ["3 terraform flux var.v [variable]"]),
        ("", ["1 terraform flux  [unpinned]"]),
        ('  # version = "v2.4.0"\n', ["1 terraform flux  [unpinned]"]),
    ],
)
@pytest.mark.parametrize("suffix", ["tf", "tofu"])
def test_a_bootstrap(suffix: str, version: str, expected: list[str]) -> None:
    assert pins(f"m.{suffix}", BOOTSTRAP.format(version)) == expected


def as_json(**resources: object) -> str:
    return json.dumps({"resource": resources}, indent=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (as_json(flux_bootstrap_git={"a": {"version": "v2.4.0"}}), ["5 terraform flux 2.4.0"]),
        (as_json(flux_bootstrap_git={"a": [{"version": "v2.4.0"}]}), ["6 terraform flux 2.4.0"]),
        (
            as_json(helm_release={"a": {"chart": "flux2", "version": "2.14.1"}}),
            ["6 terraform flux2 2.14.1"],
        ),
        (
            as_json(helm_release={"a": {"chart": "flux2", "version": "${var.v}"}}),
            ["6 terraform flux2 ${var.v} [variable]"],
        ),
        (as_json(helm_release={"a": {"chart": "nginx", "version": "2.14.1"}}), []),
    ],
)
def test_json_syntax(text: str, expected: list[str]) -> None:
    assert pins("main.tf.json", text) == expected
    assert pins("main.json", text) == []


def test_a_variable_of_opentofu_is_followed() -> None:
    files = {
        "m/main.tofu": BOOTSTRAP.format("  version = var.v\n"),
        "m/variables.tofu": 'variable "v" {\n  default = "2.4.0"\n}\n',
    }
    (pin,) = find(files).pins
    assert (pin.location.path, brief([pin])) == ("m/variables.tofu", ["2 variable flux 2.4.0"])


def test_the_provider_is_noted_once_and_stays(repo: Repo, cli: Cli) -> None:
    text = PROVIDER.replace('"fluxcd/flux" }', '"fluxcd/flux", version = "2.4.0" }')
    notes = list(terraform.find(TextFile("p.tf", text * 2), Context()))
    assert [type(one) for one in notes] == [Note]
    assert not list(terraform.find(TextFile("p.tf", PROVIDER), Context()))
    repo.commit({"tf/p.tf": text})
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.show("fluxbump/flux-2.5.1", "tf/p.tf") == text
