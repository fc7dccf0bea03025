"""What a rule decides and needs stands on the rule, and its code stands nowhere else."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import get_args

import pytest
from msgspec.structs import replace

from fixtures import states
from fluxbump.check import gather, rules
from fluxbump.check.check import Means, examine
from fluxbump.check.evidence import Evidence
from fluxbump.check.evidence_parts import Absent, PartName, needed, optional
from fluxbump.check.rules.rule import NotApplicable, NotRun, Trait
from fluxbump.config.settings import Settings
from fluxbump.flux.known_releases import KnownReleases
from fluxbump.git.file_history import Held
from fluxbump.model import Inventory
from tests.helpers import ROOT, chart_index, script, snapshot

PARTS = get_args(PartName)
CODE = re.compile(r"^FB\d*$|\bFB\d{3}\b")
"""A rule's code, or a prefix of some."""
FOR_PEOPLE = {"help", "description"}


# --- codes ------------------------------------------------------------------------------------


def codes(source: str) -> Iterator[str]:
    """Yield the strings with a rule's code in them; not those that are there for people."""
    parsed = ast.parse(source)
    words = {
        id(part)
        for node in ast.walk(parsed)
        for told in _for_people(node)
        for part in ast.walk(told)
    }
    for node in ast.walk(parsed):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in words and CODE.search(text):
            yield text


def _for_people(node: ast.AST) -> Iterator[ast.expr]:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    told = isinstance(node, ast.keyword) and node.arg in FOR_PEOPLE
    if isinstance(node, (ast.Expr, ast.keyword)) and (docstring or told):
        yield node.value


def test_codes_are_found_in_code_and_not_in_words() -> None:
    source = '''
        """FB101 is told of here."""
        option = Option("--select", help=f"Rules to run: {'FB102'}.")
        KEPT = ("FB103", "FB10x", f"{name} (FB104)")
        safety = code.startswith("FB2")
        judge("FB105")
    '''
    assert sorted(codes(textwrap.dedent(source))) == [
        " (FB104)",
        "FB103",
        "FB105",
        "FB2",
    ]


def test_no_rule_is_named_outside_of_the_rules() -> None:
    package = ROOT / "fluxbump"
    found = {
        str(path.relative_to(package)): named
        for path in sorted(package.rglob("*.py"))
        if (named := [*codes(path.read_text("utf-8"))])
    }
    assert "check/rules/agreement/installs.py" in found
    assert [path for path in found if not path.startswith("check/rules/")] == []


TRAITS = {
    Trait.AGREEMENT: "FB002 FB101 FB102 FB103 FB104 FB108 FB109 FB110 FB111 FB113 FB114 FB115 "
    "FB116 FB117 FB118 FB119",
    Trait.ONE_RELEASE: "FB102 FB103",
    Trait.REALIGNED: "FB102 FB103 FB104 FB108 FB109 FB110",
    Trait.STOPS_RUN: "FB102 FB103 FB104 FB108 FB109 FB110 FB111 FB116",
    Trait.SAFETY: "FB117 FB201 FB202 FB203 FB204 FB206 FB207",
    Trait.ADOPTION: "FB301 FB302",
    Trait.ESSENTIAL: "FB103",
    Trait.STRICT: "FB003",
    Trait.LISTED: "FB003 FB120 FB121",
    Trait.SLOW: "FB204",
    Trait.MIGRATED: "FB203 FB205",
}
NEEDS = {
    "index": "FB115",
    "releases": "FB201 FB202 FB203 FB204 FB205 FB206",
    "renders": "FB105 FB106",
    "baseline": "FB107",
    "objects": "FB203 FB204 FB205",
    "cluster": "FB207",
    "history": "",
    "digests": "FB121",
}


@pytest.mark.parametrize("trait", Trait)
def test_what_an_answer_decides(trait: Trait) -> None:
    assert " ".join(rules.having(trait)) == TRAITS[trait]


@pytest.mark.parametrize("part", PARTS)
def test_what_a_rule_needs(part: PartName) -> None:
    assert " ".join(code for code in rules.RULES if rules.need((code,), part)) == NEEDS[part]


def test_what_a_release_meets_is_gathered_for_those_who_judge_it() -> None:
    asking = [code for code in rules.RULES if rules.need_surroundings((code,))]
    assert asking == [f"FB20{number}" for number in range(1, 8)]


# --- parts ------------------------------------------------------------------------------------


def test_the_parts_are_those_that_may_be_absent() -> None:
    nothing = Evidence(Inventory())
    names = Evidence.__struct_fields__
    assert set(PARTS) == {name for name in names if isinstance(getattr(nothing, name), Absent)}


def test_a_part_is_there_or_says_why_not() -> None:
    assert Absent("no releases", "nobody looked").reason == "no releases: nobody looked"
    assert Absent("nobody looked").reason == "nobody looked"
    evidence = Evidence(Inventory())
    assert optional(evidence.releases) is None
    with pytest.raises(AssertionError, match="the CRDs of no Flux release are known"):
        needed(evidence.releases)
    there = KnownReleases({})
    evidence = replace(evidence, releases=there)
    assert needed(evidence.releases) is optional(evidence.releases) is there


@pytest.fixture(scope="module")
def whole() -> Evidence:
    """Evidence about a repository with a fault, every part of which is there."""

    def never(_: object) -> tuple[Held, ...]:
        return ()

    examined = examine(
        snapshot(states.files("incident")),
        Settings(),
        chart_index(),
        base=snapshot(states.files()),
        means=Means(lineage=never),
    )
    evidence = replace(examined.evidence, renders=())
    assert not any(isinstance(getattr(evidence, name), Absent) for name in PARTS)
    return evidence


def without(evidence: Evidence, *names: str) -> Evidence:
    return replace(evidence, **{name: Absent(f"{name} left out") for name in names})


@pytest.mark.parametrize("code", rules.RULES)
def test_a_part_that_is_absent_is_why_a_rule_is_not_run(code: str, whole: Evidence) -> None:
    rule = replace(rules.RULES[code], inapplicable=None)
    for name in rule.needs:
        assert [*rule.judge(without(whole, name))] == [NotRun(code, f"{name} left out")]
    if rule.needs:
        assert [*rule.judge(without(whole, *PARTS))] == [NotRun(code, f"{rule.needs[0]} left out")]


@pytest.mark.parametrize("code", rules.RULES)
def test_a_rule_does_without_what_it_has_not_named(code: str, whole: Evidence) -> None:
    rule = rules.RULES[code]
    others = [name for name in PARTS if name not in rule.needs]
    assert {one.code for one in rule.judge(without(whole, *others))} <= {code}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("FB107", "no chart here moves with Flux"),
        ("FB115", "every version of the chart flux2 here is exact, or a variable"),
        ("FB206", "no use of the chart flux2 found"),
    ],
)
def test_nothing_to_judge_is_said_before_what_is_missing(code: str, reason: str) -> None:
    assert [*rules.RULES[code].judge(Evidence(Inventory()))] == [NotApplicable(code, reason)]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (states.files(), "rendering was not asked for"),
        (
            {"install.sh": script("2.4.0").encode()},
            "no chart here depends on flux2, so there is nothing to render",
        ),
    ],
    ids=["wrapper", "none"],
)
def test_why_nothing_was_rendered(files: dict[str, bytes], reason: str) -> None:
    examined = examine(snapshot(files), Settings(), chart_index())
    assert gather.begin_renders(None, gather.snapshot_files(snapshot(files), Inventory())) is None
    found = rules.judge(examined.evidence, ("FB105", "FB106"), examined.renders)
    assert found.not_run == (NotRun("FB105", reason), NotRun("FB106", reason))
    assert found.findings == ()
