"""The corpus, with what fuzzing has found: every input goes through its target."""

from __future__ import annotations

import pytest

from tests.fuzz import inputs
from tests.fuzz.targets import TARGETS

CASES = [*inputs.files()]


@pytest.mark.parametrize(
    ("target", "path", "data"), CASES, ids=[f"{target}-{path}" for target, path, _ in CASES]
)
def test_an_input_of_the_corpus_is_no_finding(target: str, path: str, data: bytes) -> None:
    TARGETS[target](path, data)


def test_every_target_has_an_input() -> None:
    assert {target for target, _, _ in CASES} == {*TARGETS}


def test_an_input_is_taken_apart_as_it_was_packed() -> None:
    for case in CASES:
        assert inputs.split(inputs.packed(*case)) == case


@pytest.mark.parametrize("data", [b"", b"\xff", b"\n\n", b"a../../etc/passwd\nx", b"\x00\xff\xfe"])
def test_any_bytes_are_an_input(data: bytes) -> None:
    target, path, _ = inputs.split(data)
    assert target in TARGETS
    assert path
    assert not path.startswith("/")
