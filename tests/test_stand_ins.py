"""What stands in for a value in a test of Terraform, or until a module was applied, is no pin."""

from __future__ import annotations

import pytest

from tests.helpers import find

UNIT = (
    'dependency "config" {\n  config_path = "../config"\n  mock_outputs = {\n'
    '    flux = { flux_version = "v2.4.0" }\n  }\n}\n'
)
INPUTS = 'inputs = {\n  flux_version = "v2.4.0"\n}\n'
VARIABLES = 'variables {\n  flux_version = "v2.4.0"\n}\n'
AS_JSON = '{"variables": {"flux_version": "v2.4.0"}}\n'


def lines(files: dict[str, str]) -> list[int]:
    return [pin.location.line for pin in find(files).pins]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (UNIT, []),
        (UNIT + INPUTS, [8]),
        (INPUTS + UNIT, [2]),
        (UNIT.replace("mock_outputs", "mock_inputs"), [4]),
        (UNIT.replace("  mock_outputs = {", "  # mock_outputs = {\n  b = {"), [5]),
        (UNIT.removesuffix("  }\n}\n") + INPUTS, [4, 6]),  # where it ends, no one can tell
    ],
)
def test_what_a_dependency_of_terragrunt_mocks(text: str, expected: list[int]) -> None:
    assert lines({"terragrunt.hcl": text}) == expected


@pytest.mark.parametrize("name", ["a.tftest.hcl", "tests/a.tofutest.hcl"])
def test_what_a_test_of_terraform_gives_a_module(name: str) -> None:
    assert lines({name: VARIABLES}) == []
    assert lines({"a.hcl": VARIABLES}) == [2]


def test_what_a_test_in_json_gives_a_module() -> None:
    assert lines({"a.tftest.json": AS_JSON}) == []
    assert lines({"a.json": AS_JSON}) == [1]
