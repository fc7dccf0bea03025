from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.helm import go_yaml, lock
from fluxbump.text import yaml
from tests.helpers import in_step

_GO: list[tuple[str, str, str, str]] = [
    (
        "plain",
        r"""
dependencies:
- name: a
  version: 1.2.3
  repository: https://e.org/
""",
        r"""
dependencies:
- name: a
  repository: https://e.org/
  version: 1.2.3
""",
        "52f6f5819047d41d91b3d553daae008ca10225d47ac2642dada44868f7672ed3",
    ),
    (
        "none at all",
        r"""
name: x
""",
        r"""
digest: x
""",
        "95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738",
    ),
    (
        "empty lists",
        r"""
dependencies: []
""",
        r"""
dependencies: []
""",
        "643d5437104296e21d906ecb15b2c96ad278f20cfc4af53b12bb6069bd853726",
    ),
    (
        "null lists",
        r"""
dependencies:
""",
        r"""
dependencies: ~
""",
        "95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738",
    ),
    (
        "numbers for texts",
        r"""
dependencies:
- {name: 1.10, version: 2.0, repository: 0x1F, condition: 1e6, alias: 010, tags: [1_000, .5, yes]}
""",
        r"""
dependencies:
- {name: 08, version: -0b11, repository: 1., condition: on}
""",
        "afc3c5df3fcc470a8bd1d272fb7ea4935ebb1501fcc7319c700aa0671e7bed43",
    ),
    (
        "quoted texts",
        r"""
dependencies:
- {name: '1.10', version: "yes", repository: '', alias: !!str 010}
""",
        r"""
dependencies:
- {name: "~", version: 'null'}
""",
        "bbc662d412986e1f22ea7c27f975e7f2d718eb1667f06363f9237a6d2841d6d1",
    ),
    (
        "escapes",
        r"""
dependencies:
- {name: "<&>", import-values: ["\u2028\u2029\u007f\u0001\b\t\n\"\\ \U0001F600 ü"]}
""",
        r"""
digest: x
""",
        "a78f83338ccd7a4090cb1ec2581993b262d8d0ef4a19309673a4aa74e91468a2",
    ),
    (
        "cleaned in Chart.yaml only",
        r"""
dependencies:
- {name: "a\tb\u00a0c\u200bd\u001ee", version: "\u0001", tags: ["x\ny"], alias: "p\tq"}
""",
        r"""
dependencies:
- {name: "a\tb\u200b", version: "\u0001"}
""",
        "6a49c5462e059cf073c234f37288ef549b5aed4000cc1c13f4c1d1b9f9a4ceeb",
    ),
    (
        "import-values",
        r"""
dependencies:
- name: a
  import-values: [1, 1.0, -0.5, 0.0001, 1e20, 12345678901234567890, 010, off, ~, '1', [],
    {}, {b: 1, a: {Z: [x], ä: 2}}]
""",
        r"""
digest: x
""",
        "939a9f472fcb7cb5ff41ff2d681282863bd42aa19eb1d9bc95ee44fc79b0228e",
    ),
    (
        "disabled",
        r"""
dependencies:
- {name: a, enabled: no, tags: [], import-values: [], condition: ''}
- {name: b, enabled: y}
""",
        r"""
digest: x
""",
        "d8a737e81383877362ff0c6cb8230a50ff2dcfaf7bba9b28a41ebf9e0923092d",
    ),
    (
        "merge keys",
        r"""
base: &base {condition: c, tags: [x]}
more: &more {condition: d, alias: z}
dependencies:
- {condition: own, <<: *base, name: a}
- {<<: [*base, *more], name: b, tags: [y]}
- &e {name: e}
- *e
""",
        r"""
digest: x
""",
        "5f127ed753bb4d21dd3ed9c6bb656d7346876305338cdd56ccdc054b0fc8338d",
    ),
    (
        "unknown fields",
        r"""
dependencies:
- {name: a, url: x, nested: {a: [b]}}
""",
        r"""
digest: x
""",
        "84cca1910be8361827bc3e84477e36b07a604dbb4b07cd50605cbe3afb22f6ae",
    ),
    (
        "block texts",
        r"""
dependencies:
- name: |
    two
    lines
  repository: >-
    a
    b
""",
        r"""
digest: x
""",
        "1e9cfc0e04f39a03279706cd94a2f8d145517cc6ecc50f91b0408c405a0c896f",
    ),
]


@pytest.mark.parametrize(
    ("chart", "locked", "expected"), [case[1:] for case in _GO], ids=[case[0] for case in _GO]
)
def test_digest_is_what_go_computes(chart: str, locked: str, expected: str) -> None:
    """Digests computed with `HashReq` of Helm and sigs.k8s.io/yaml v1.4.0 and v1.6.0."""
    assert lock.digest(dependencies(chart), dependencies(locked)) == f"sha256:{expected}"


def dependencies(text: str) -> Any:
    document = next((one for one in yaml.documents(text, "x.yaml") if one.root), None)
    return go_yaml.value(yaml.get(document.root, "dependencies")) if document else None


def test_digest_takes_mappings() -> None:
    entry = {"name": "a", "version": "1.2.3", "repository": "https://e.org/"}
    locked = {"repository": "https://e.org/", "version": "1.2.3", "name": "a", "enabled": False}
    assert lock.digest([entry], [locked]) == f"sha256:{_GO[0][3]}"
    assert lock.digest(None, None) == f"sha256:{_GO[1][3]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("0x1F", 31),
        ("-0b11", -3),
        ("017", 15),
        ("0o17", 15),
        ("08", 8.0),
        ("1_000", 1000),
        ("_1", "_1"),
        ("9223372036854775808", 9223372036854775808),
        ("-9223372036854775809", -9223372036854775808.0),
        ("1.10", 1.1),
        (".5_0", ".5_0"),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("+", "+"),
        ("yEs", "yEs"),
    ],
)
def test_plain_scalars_are_typed_as_go_yaml_types_them(text: str, expected: object) -> None:
    resolved = go_yaml.resolve(text)
    assert resolved == expected
    assert type(resolved) is type(expected)


def test_only_plain_scalars_are_typed() -> None:
    (document,) = yaml.documents("[1, '1', \"1\", !!str 1, yes, 'yes']", "x.yaml")
    assert go_yaml.value(document.root) == [1, "1", "1", "1", True, "yes"]
    assert go_yaml.value(None) is None


_ODD = st.recursive(
    st.sampled_from(["1", "1.5", "yes", "~", "x", "'1'", "!!str 1", "2.14.1", ".inf", "<<", "''"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(["name", "version", "tags", "enabled", "import-values", "<<", "[a]"]),
            inner,
            max_size=4,
        ).map(lambda entries: "{" + ", ".join(f"{k}: {v}" for k, v in entries.items()) + "}")
    ),
    max_leaves=12,
)


@given(_ODD, _ODD)
def test_odd_shapes_are_out_of_step_or_refused(chart: str, locked: str) -> None:
    for text in (chart, f"dependencies: {chart}", f"dependencies: [{chart}]"):
        assert not in_step(text, f"dependencies: [{locked}]\ndigest: x\n")
