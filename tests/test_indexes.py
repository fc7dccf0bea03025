from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from semver import Version

from fluxbump.errors import IndexSourceError
from fluxbump.helm.chart_releases import ChartIndex, ChartRelease, IndexSource
from fluxbump.helm.index import chart_section, places
from fluxbump.helm.index.entries import parse_index
from fluxbump.helm.index.source import ARCHIVE_LIMIT, INDEX_LIMIT, SOURCES, open_source

DIGEST = hashlib.sha256(b"archive").hexdigest()
REAL = Path(__file__).parents[2] / "shared" / "data" / "fluxcd-community-index.yaml"


def parse(text: str) -> ChartIndex:
    return parse_index(text.encode(), source="index.yaml")


def index_of(*entries: str) -> str:
    """Return an index of `flux2` entries, each given as the lines of a mapping."""
    listed = "".join("  - " + entry.strip().replace("\n", "\n    ") + "\n" for entry in entries)
    return f"apiVersion: v1\nentries:\n  flux2:\n{listed}"


def release_of(lines: str) -> tuple[ChartRelease, tuple[str, ...]]:
    index = parse(index_of(lines))
    [release] = index.releases
    return release, index.problems


def entry(version: str = "2.14.1", app: str = "2.4.0", **more: str) -> str:
    fields = {"version": version, "appVersion": app, "digest": DIGEST, "urls": "[a.tgz]", **more}
    return "\n".join(f"{key}: {value}" for key, value in fields.items())


# --- entries ---------------------------------------------------------------------------------


def test_an_entry_becomes_a_release() -> None:
    release, problems = release_of(
        entry(created='"2025-02-20T10:11:12.123456789Z"', deprecated="true", name="flux2")
    )
    assert release == ChartRelease(
        name="flux2",
        version=Version(2, 14, 1),
        app_version=Version(2, 4, 0),
        created=datetime(2025, 2, 20, 10, 11, 12, 123456, UTC),
        digest=DIGEST,
        urls=("a.tgz",),
        deprecated=True,
    )
    assert problems == ()


def test_releases_are_sorted_by_version_not_text() -> None:
    index = parse(index_of(*map(entry, ["2.9.0", "2.10.0", "2.10.0-rc.1", "2.2.0"])))
    assert [str(release.version) for release in index.releases] == [
        "2.10.0",
        "2.10.0-rc.1",
        "2.9.0",
        "2.2.0",
    ]


@pytest.mark.parametrize("key", ["version", "appVersion"])
@pytest.mark.parametrize("text", ["v2.4.0", '"2.4.0"', "'v2.4.0'"])
def test_a_leading_v_is_a_spelling(key: str, text: str) -> None:
    release, problems = release_of(entry(**{key: text}))
    assert "2.4.0" in (str(release.version), str(release.app_version))
    assert problems == ()


@pytest.mark.parametrize("key", ["version", "appVersion"])
@pytest.mark.parametrize(
    "text",
    [
        "2.4",
        "2",
        "''",
        "latest",
        "02.4.0",
        "2.4.0.1",
        "=2.4.0",
        "2.4.x",
        "V2.4.0",
        '"2.4.0 "',
        "1." + "9" * 200 + ".0",
        "9" * 5000 + ".0.0",
        "[2.4.0]",
        "{a: 1}",
        "~",
        "null",
    ],
)
def test_what_is_not_a_full_version_is_left_out(key: str, text: str) -> None:
    index = parse(index_of(entry("1.0.0"), entry(**{key: text})))
    assert [str(release.version) for release in index.releases] == ["1.0.0"]
    [problem] = index.problems
    assert problem.startswith("flux2 entry 2")
    assert key in problem
    assert "left out" in problem
    assert len(problem) < 200


def test_a_missing_version_is_named() -> None:
    index = parse(index_of(entry(), "appVersion: 2.4.0", "version: 2.3.0", "- a", "text"))
    assert index.problems == (
        "flux2 entry 2 is left out: it has no version",
        "flux2 entry 3 ('2.3.0') is left out: it has no appVersion",
        "flux2 entry 4 is left out: it has no version",
        "flux2 entry 4 is left out: it has no appVersion",
        "flux2 entry 5 is left out: it has no version",
        "flux2 entry 5 is left out: it has no appVersion",
    )


@pytest.mark.parametrize(
    ("text", "time_"),
    [
        ("2025-02-20T10:11:12Z", datetime(2025, 2, 20, 10, 11, 12, tzinfo=UTC)),
        ("2025-02-20t10:11:12z", datetime(2025, 2, 20, 10, 11, 12, tzinfo=UTC)),
        ("2025-02-20T10:11:12.5Z", datetime(2025, 2, 20, 10, 11, 12, 500000, UTC)),
        ("2025-02-20T10:11:12.123456789Z", datetime(2025, 2, 20, 10, 11, 12, 123456, UTC)),
        (
            "2025-02-20T10:11:12+02:00",
            datetime(2025, 2, 20, 10, 11, 12, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_times_are_understood(text: str, time_: datetime) -> None:
    release, problems = release_of(entry(created=f'"{text}"'))
    assert release.created == time_
    assert problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2025-02-20",
        "2025-02-20T10:11:12",
        "2025-13-20T10:11:12Z",
        "0000-01-01T00:00:00Z",
        "2025-02-20T10:11:60Z",
        "2025-02-20T10:11:12.1234567890Z",
        "٢٠٢٥-02-20T10:11:12Z",
    ],
)
def test_a_bad_time_is_no_time(text: str) -> None:
    release, problems = release_of(entry(created=f'"{text}"'))
    assert release.created is None
    assert "RFC 3339" in problems[0]


@pytest.mark.parametrize("text", [DIGEST, DIGEST.upper(), f"sha256:{DIGEST}", f'"{DIGEST}"'])
def test_digests_are_normalised(text: str) -> None:
    release, problems = release_of(entry(digest=text))
    assert release.digest == DIGEST
    assert problems == ()


@pytest.mark.parametrize("text", ["abc", DIGEST[:-1], f"{DIGEST}0", f"sha512:{DIGEST}", "''"])
def test_a_bad_digest_is_no_digest(text: str) -> None:
    release, problems = release_of(entry(digest=text))
    assert release.digest is None
    assert "sha256" in problems[0]


@pytest.mark.parametrize(
    ("text", "urls", "fine"),
    [
        ("[a.tgz, b.tgz]", ("a.tgz", "b.tgz"), True),
        ("[]", (), False),
        ("a.tgz", (), False),
        ("[a.tgz, {b: c}]", ("a.tgz",), False),
        ("[a.tgz, ~]", ("a.tgz",), False),
        (r'["a\u0000.tgz", "b\n.tgz"]', (), False),
    ],
)
def test_urls_are_text(text: str, urls: tuple[str, ...], fine: bool) -> None:
    release, problems = release_of(entry(urls=text))
    assert release.urls == urls
    assert (problems == ()) == fine


@pytest.mark.parametrize(
    ("text", "value", "fine"),
    [("true", True, True), ("false", False, True), ("~", False, True), ("maybe", False, False)],
)
def test_deprecation_is_true_or_false(text: str, value: bool, fine: bool) -> None:
    release, problems = release_of(entry(deprecated=text))
    assert release.deprecated is value
    assert (problems == ()) == fine


def test_an_entry_of_another_name_is_left_out() -> None:
    index = parse(index_of(entry(), entry("3.0.0", name="flux3")))
    assert len(index.releases) == 1
    assert "its name is 'flux3'" in index.problems[0]


def test_the_first_of_two_equal_versions_counts() -> None:
    index = parse(index_of(entry(app="2.4.0"), entry(app="2.5.0"), entry("v2.14.1", app="2.4.0")))
    assert [str(release.app_version) for release in index.releases] == ["2.4.0"]
    assert index.problems == (
        "flux2 entry 2 ('2.14.1') appears twice with different content (fluxbump uses the first)",
    )


def test_messages_hold_no_control_characters() -> None:
    index = parse(index_of(entry(), entry('"\\e[31m2.4\\n"')))
    assert index.problems[0].isprintable()


# --- indexes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("# only a comment\n", "it is empty"),
        ("just text", "it has no entries"),
        ("- entries", "it has no entries"),
        ("apiVersion: v1\n", "it has no entries"),
        ("[]", "it has no entries"),
        ("{}", "it has no entries"),
        ("<!DOCTYPE html><html></html>", "it has no entries"),
        ("entries:\n", "no chart flux2"),
        ("entries: []\n", "no chart flux2"),
        ("entries:\n  flux:\n  - version: 1.0.0\n", "no chart flux2"),
        ('{"entries": {"flux": []}}', "no chart flux2"),
        ("entries:\n  flux2:\n", "no usable release"),
        ("entries:\n  flux2: []\n", "no usable release"),
        ("entries:\n  flux2: text\n", "no usable release"),
        ("entries:\n  flux2:\n  - version: 2.4\n", "no usable release"),
        ('{"entries": {"flux2": 3}}', "no usable release"),
        ("entries:\n  flux2:\n  - [\n", "not a chart index"),
        ("entries:\n\tflux2:\n", "not a chart index"),
        ("---\nentries: {}\n---\nentries: {}\n", "more than one document"),
        ("entries: *nowhere\n", "not a chart index"),
        ("entries: &a\n  flux2: *a\n", "no usable release"),
        (f"{'[' * 10_000}", "not a chart index"),
        ('{"a":' * 100_000, "not a chart index"),
        (
            f"entries:\n  flux2:\n  - {entry()!r}\nentries:\n  flux2: []\n",
            "'entries' appears twice",
        ),
        ("entries:\n  flux2: []\n  flux2: []\n", "'flux2' appears twice"),
        ("x: 1\u2028entries:\u2028  flux2: []\nentries:\n  flux2:\n  - version: 1.0.0\n", "twice"),
        ('entries:\n  flux2:\n  - version: 1.0.0\n  "flux2":\n  - version: 1.0.0\n', "twice"),
        ("entries:\n  flux2:\n  - version: 1.0.0\n    version: 1.0.1\n", "'version' appears twice"),
        ('{"entries": {"flux2": [], "flux2": []}}', "'flux2' appears twice"),
    ],
)
def test_what_is_not_an_index_is_refused(text: str, reason: str) -> None:
    with pytest.raises(IndexSourceError) as caught:
        parse(text)
    assert reason in str(caught.value)
    assert "index.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(IndexSourceError, match="UTF-8"):
        parse_index("entries:".encode("utf-16"), source="x")


def test_the_charts_that_are_there_are_named() -> None:
    with pytest.raises(IndexSourceError, match="it has 'a', 'b', 'c'"):
        parse("entries:\n  c: []\n  a: []\n  b: []\n")


def test_an_error_in_a_part_names_its_line_in_the_whole() -> None:
    text = index_of(entry(), entry() + "\nversion: 1.0.0")
    with pytest.raises(IndexSourceError, match=r"^index\.yaml:13: "):
        parse("# a comment\n" + text)


PLAIN = index_of(entry(), entry("2.14.0"))
FORGERY = "  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6"
OTHER = "  other:\n  - version: 1.0.0\n    description: |\n      flux2:\n      - nonsense\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n  - ", "\n    - ")
        .replace("\n    a", "\n      a")
        .replace("\n    d", "\n      d")
        .replace("\n    u", "\n      u"),
        PLAIN.replace("flux2:", '"flux2":'),
        PLAIN.replace("flux2:", "'flux2' :"),
        PLAIN.replace("flux2:", "flux2: # the one"),
        PLAIN.replace("entries:", '"entries": # all'),
        PLAIN.replace("  flux2:", "# a\n\n   # b\n  flux2:"),
        PLAIN.replace("  flux2:", OTHER + "  flux2:"),
        PLAIN + OTHER,
        PLAIN + "generated: now\n",
        PLAIN + "# the end\n",
        "serverInfo: {}\nempty: []\n" + PLAIN,
    ],
)
def test_the_shapes_that_helm_and_people_write_need_no_whole_parse(text: str) -> None:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    assert chart_section.find(plain, "flux2")
    assert parse(text).releases == parse(PLAIN).releases


def test_a_broken_entry_of_another_chart_does_not_matter() -> None:
    broken = "  other:\n  - version: 1.0.0\n    description: a: b\n    home: *nowhere\n"
    [release] = parse(index_of(entry()) + broken).releases
    assert str(release.version) == "2.14.1"


@pytest.mark.parametrize(
    "text",
    [
        "---\n" + PLAIN,
        PLAIN + "...\n",
        "%YAML 1.1\n---\n" + PLAIN,
        PLAIN.replace("flux2:", "? flux2\n  :"),
        PLAIN.replace("flux2:", r'"flux\x32":'),
        PLAIN.replace("flux2:", "flux2: &a"),
        PLAIN.replace("entries:", "entries: !!map"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", "\u2028"),
        f"{{entries: {{flux2: [{{{entry()}}}, {{{entry('2.14.0')}}}]}}}}".replace("\n", ", "),
    ],
)
def test_other_shapes_are_parsed_whole(text: str) -> None:
    assert chart_section.find(text, "flux2") is None
    assert parse(text).releases == parse(PLAIN).releases


def test_a_part_that_refers_to_something_outside_is_parsed_with_the_whole() -> None:
    text = "a: &u [a.tgz]\n" + PLAIN.replace("[a.tgz]", "*u")
    assert parse(text).releases == parse(PLAIN).releases


@pytest.mark.parametrize(
    "trap",
    [
        'x: "\nentries:\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n"\n',
        "x: '\nentries:\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n'\n",
        'x: [\nentries:\n  flux2, "a", it\'s ]\n',
        "x: {\nentries:\n  flux2,\n}\n",
        "x: |\n  entries:\n    flux2:\n    - version: 6.6.6\n",
        "x: >-\n entries:\n  flux2:\n  - version: 6.6.6\n",
        "x:\n  entries:\n    flux2:\n    - version: 6.6.6\n      appVersion: 6.6.6\n",
        "# entries:\n#   flux2:\n",
    ],
)
def test_what_only_looks_like_entries_is_not_taken_for_them(trap: str) -> None:
    for text in (trap + PLAIN, PLAIN + trap):
        assert parse(text).releases == parse(PLAIN).releases
    with pytest.raises(IndexSourceError, match="no entries"):
        parse(trap + "y: 1\n")


@pytest.mark.parametrize(
    "trap",
    [
        '    d: "\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n"\n',
        "    d: 'it''s\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n'\n",
        '    d: &a "\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n"\n',
        '    ? "\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n"\n    : x\n',
        '    - "\n  flux2:\n  - version: 6.6.6\n    appVersion: 6.6.6\n"\n',
        "    d: [\n  flux2 ]\n",
        f"    d: 'it''s\n{FORGERY}'\n",
        f'    d: "a \\" \n{FORGERY}"\n',
        '    d: { "}": 1,\n  flux2:\n    a,\n  x: b }\n',
        f'    d: "foo\n   x: |\n     "\n    e: "un\n{FORGERY}"\n',
        f'    d: # x: |\n            e: "un\n{FORGERY}"\n',
        "    d: |\n      flux2:\n      - version: 6.6.6\n",
        "    d: text\n      flux2\n",
    ],
)
def test_what_only_looks_like_the_chart_is_not_taken_for_it(trap: str) -> None:
    nested = "    d:\n" + trap if trap.lstrip()[0] in "-" else trap
    other = "entries:\n  other:\n  - version: 1.0.0\n" + nested
    with pytest.raises(IndexSourceError, match="no chart flux2"):
        parse(other)
    assert parse(other + PLAIN.partition("entries:\n")[2]).releases == parse(PLAIN).releases


def test_json_is_read_with_all_values_as_text() -> None:
    index = parse(
        json.dumps(
            {
                "apiVersion": "v1",
                "entries": {
                    "flux2": [
                        {
                            "version": "2.14.1",
                            "appVersion": "v2.4.0",
                            "urls": ["a.tgz", 3],
                            "digest": 17,
                            "deprecated": True,
                            "created": None,
                        },
                        {"version": 2.14, "appVersion": 1},
                        None,
                    ]
                },
            }
        )
    )
    [release] = index.releases
    assert (release.urls, release.deprecated, release.digest) == (("a.tgz", "3"), True, None)
    assert "'2.14'" in " ".join(index.problems)


def test_yaml_in_flow_style_is_not_taken_for_json() -> None:
    text = f"{{entries: {{flux2: [{{version: 2.14.1, appVersion: 2.4.0, digest: {DIGEST}}}]}}}}"
    assert len(parse(text).releases) == 1


# --- a part says what the whole says ---------------------------------------------------------


LOOKALIKES = [
    *["entries:", "flux2:", "flux2: # c", '"flux2":', "other:", "- version: 6.6.6", "end: x"],
    *[
        "d0: '",
        'd0: "',
        "d0: [",
        "d0: {",
        "d0: |",
        "d0: >-",
        "- |",
        '- "',
        "- 'x",
        "- - '",
        "- k: |",
    ],
    *[
        '? "',
        ": '",
        "&a '",
        '!t "',
        '""',
        "''",
        "'''",
        "[",
        "]",
        "{",
        "}",
        "|",
        "|2-",
        "#",
        '# "',
        "-",
    ],
    *["a", "it's", 'say "x', "say 'x'", "\\", "\\'", '\\"', "", "appVersion: 6.6.6"],
]
FORGED = FORGERY.split("\n")
LINES = st.lists(
    st.tuples(
        st.integers(0, 9), st.sampled_from(LOOKALIKES), st.sampled_from(["", "", " # it's"])
    ).map(lambda line: [f"{' ' * line[0]}{line[1]}{line[2]}"])
    | st.just(FORGED)
    | st.just(["entries:", *FORGED]),
    min_size=1,
    max_size=4,
).map(lambda parts: [line for part in parts for line in part])


def as_block(lines: list[str], column: int) -> str:
    margin = " " * (column + 1)
    return "\n".join(["|-", margin + "first", *(margin + line for line in lines)])


def as_quoted(quote: str) -> Callable[[list[str], int], str]:
    def write(lines: list[str], column: int) -> str:
        text = "\n".join(lines).replace("\\", "\\\\" if quote == '"' else "\\")
        return quote + text.replace(quote, '\\"' if quote == '"' else "''") + quote

    return write


def as_flow(lines: list[str], column: int) -> str:
    items = [line if re.fullmatch(r" *\w+:?", line) else f"{line[:4].rstrip()}x" for line in lines]
    plain = [re.sub(r"""[^\w :]|: *$""", "", item) or "x" for item in items]
    return "[ a,\n" + ",\n".join(plain) + "\n]"


def as_plain(lines: list[str], column: int) -> str:
    margin = " " * (column + 1)
    kept = [line for line in lines if not re.search(r":( |$)|#", line) and line.strip()]
    return "\n".join(["first", *(margin + line for line in kept)])


WRITERS = st.sampled_from([as_block, as_quoted('"'), as_quoted("'"), as_flow, as_plain])


def keys_at(column: int) -> st.SearchStrategy[str]:
    """Lines of a mapping whose values are full of what looks like structure."""
    margin = " " * column
    shapes = st.sampled_from(
        ["{m}d{n}: {v}\n", "{m}d{n}:\n{m}- {v}\n", "{m}d{n}:\n{m}  e: {v}\n", "{m}d{n}: !t {v}\n"]
    )

    def write(
        number: int, shape: str, writer: Callable[[list[str], int], str], of: list[str]
    ) -> str:
        deeper = column + 2 if "  e" in shape else column
        return shape.format(m=margin, n=number, v=writer(of, deeper))

    return st.lists(st.tuples(shapes, WRITERS, LINES), max_size=1).map(
        lambda found: "".join(write(number, *one) for number, one in enumerate(found))
    )


def outcome(read: Callable[[], ChartIndex]) -> Any:
    try:
        index = read()
    except IndexSourceError as error:
        return re.sub(r":\d+", "", str(error))
    return index.releases, index.problems


OWN = index_of(entry()).partition("entries:\n")[2]
SPELLINGS = [OWN, "", OWN.replace("flux2", '"flux\\x32"'), OWN.replace("flux2", "flux3")]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["entries:"] * 9 + [r'"entri\x65s":']),
    st.sampled_from([OWN, *SPELLINGS]),
    st.tuples(keys_at(0), keys_at(4), keys_at(4), keys_at(4), keys_at(0)),
)
def test_a_part_says_what_the_whole_says(top: str, own: str, odd: tuple[str, ...]) -> None:
    check_part(top, own, odd)


def check_part(top: str, own: str, odd: tuple[str, ...]) -> None:
    head, before, inner, after, tail = odd
    others = f"  other:\n  - version: 1.0.0\n{before}"
    last = f"  last:\n  - a: b\n{after}end: x\n{tail.replace('d', 't')}"
    text = f"{head}{top}\n{others}{own}{inner if own else ''}{last}"
    whole = outcome(lambda: whole_parse(text))
    found = chart_section.find(text, "flux2") is not None
    event(f"{'part' if found else 'whole'}: {whole[:60] if isinstance(whole, str) else 'fine'}")
    # A part may be read where the whole cannot be.
    if not (isinstance(whole, str) and "while" in whole):
        assert outcome(lambda: parse(text)) == whole


def whole_parse(text: str) -> ChartIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chart_section, "find", lambda text, chart: None)
        return parse(text)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n'\"[]{}|#: -"))
RELEASES = st.lists(
    st.fixed_dictionaries(
        {
            "version": st.tuples(*[st.integers(0, 99)] * 3).map("{0[0]}.{0[1]}.{0[2]}".format),
            "appVersion": st.sampled_from(["2.4.0", "v2.5.1", "2.4", "x"]),
            "description": TEXTS,
            "annotations": st.dictionaries(st.sampled_from("ab"), TEXTS),
            "urls": st.lists(st.sampled_from(["a.tgz", "https://h/b.tgz"]), max_size=2),
            "digest": st.sampled_from([DIGEST, "x"]),
        }
    ),
    min_size=1,
    max_size=4,
)


def block(value: object, indent: int) -> str:
    """Write a value as Helm's YAML library does: sequences as far left as their key."""
    if isinstance(value, dict) and value:
        pairs = [f"{key}:{block(item, indent + 2)}" for key, item in value.items()]
        return "\n" + "".join(f"{' ' * indent}{pair}" for pair in pairs)
    if isinstance(value, list) and value:
        items = [block(item, indent).lstrip() for item in value]
        return "\n" + "".join(f"{' ' * (indent - 2)}- {item}" for item in items)
    if isinstance(value, str) and re.fullmatch(r"[^\s\x85\u2028\u2029].*(\n.*\S.*)*", value):
        lines = value.split("\n")
        if len(lines) > 1 and all("\x85" not in line and line == line.strip() for line in lines):
            return " |-\n" + "".join(f"{' ' * indent}{line}".rstrip() + "\n" for line in lines)
    return f" {json.dumps(value, ensure_ascii=False)}\n"


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["alpha", "zeta", "flux2-sync"]), RELEASES), RELEASES)
def test_a_generated_index_is_understood_in_part_in_whole_and_as_json(
    others: dict[str, Any], own: list[dict[str, Any]]
) -> None:
    tree = {"apiVersion": "v1", "entries": dict(sorted({**others, "flux2": own}.items()))}
    text = block(tree, 0).lstrip("\n")
    expected = outcome(lambda: parse(json.dumps(tree)))
    assert outcome(lambda: parse(text)) == expected
    assert outcome(lambda: whole_parse(text)) == expected


def test_an_index_full_of_odd_text_needs_no_whole_parse() -> None:
    odd = """
  - annotations:
      changes: |
        - "it's [new
        [
          {"a":
      links: >-
        'quoted
    description: what "it" does, and
      'how' it does it
    keywords: []
    maintainers:
    - {}
    version: 1.0.0
"""
    others = "".join(f"  chart-{number}:{odd}" for number in range(50))
    text = PLAIN.replace("  flux2:", others + "  flux2:") + "  last:" + odd
    span = chart_section.find(text, "flux2")
    assert span
    assert text[slice(*span)] == PLAIN[PLAIN.index("  flux2:") :]
    assert parse(text).releases == whole_parse(text).releases


# --- the real index --------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.exists(), reason="the real index is not here")
def test_the_real_index() -> None:
    index = parse_index(REAL.read_bytes(), source=str(REAL))
    assert len(index.releases) == 106
    assert index.problems == ()
    assert str(index.releases[0].version) == "2.18.3"
    assert all(r.created and r.digest and len(r.urls) == 1 for r in index.releases)
    assert whole_parse(REAL.read_text("utf-8")).releases == index.releases


# --- places ----------------------------------------------------------------------------------


class FakeWeb:
    """Serves bodies by URL; an absent one is an error."""

    def __init__(self, bodies: dict[str, bytes]) -> None:
        self.bodies = bodies
        self.asked: list[tuple[str, int]] = []
        self.made = 0

    def __call__(self) -> FakeWeb:
        self.made += 1
        return self

    def get(self, url: str, *, limit: int) -> bytes:
        self.asked.append((url, limit))
        if url not in self.bodies:
            raise IndexSourceError(f"nothing at {places.public(url)}")
        return self.bodies[url]


def no_web() -> FakeWeb:
    raise AssertionError("no URL is needed")


def release(*urls: str, digest: str | None = DIGEST) -> ChartRelease:
    return ChartRelease("flux2", Version(2, 14, 1), Version(2, 4, 0), None, digest, urls)


INDEX = index_of(entry(urls="[flux2-2.14.1.tgz]")).encode()


def at_url(tmp_path: Path) -> IndexSource:
    base = "https://charts.example.org/"
    bodies = {f"{base}index.yaml": INDEX, f"{base}flux2-2.14.1.tgz": b"archive"}
    return open_source(base, web=FakeWeb(bodies))


def at_directory(tmp_path: Path) -> IndexSource:
    (tmp_path / "index.yaml").write_bytes(INDEX)
    (tmp_path / "flux2-2.14.1.tgz").write_bytes(b"archive")
    return open_source(str(tmp_path), web=no_web)


def at_file(tmp_path: Path) -> IndexSource:
    at_directory(tmp_path)
    return open_source(str(tmp_path / "index.yaml"), web=no_web)


class FakeCharts:
    """A registry with one chart; the real one is in `tests/registry`."""

    def index(self, spec: str) -> tuple[bytes, tuple[str, ...]]:
        return index_of(entry(urls=f"['{spec}@sha256:{DIGEST}']")).encode(), ("one is left out",)

    def archive(self, url: str, limit: int) -> bytes:
        assert (url, limit) == (URLS["oci"], ARCHIVE_LIMIT)
        return b"archive"


def at_registry(tmp_path: Path) -> IndexSource:
    return open_source("oci://Registry.Example.org/charts/flux2/", web=no_web, charts=FakeCharts)


PLACES: dict[str, Callable[[Path], IndexSource]] = {
    "url": at_url,
    "oci": at_registry,
    "directory": at_directory,
    "file": at_file,
}
NAMES = {"oci": "oci://registry.example.org/charts/flux2"}
URLS = {"oci": f"oci://registry.example.org/charts/flux2@sha256:{DIGEST}"}
URL = "flux2-2.14.1.tgz"


def test_every_kind_of_place_is_tested() -> None:
    assert set(PLACES) == set(SOURCES)


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_place_gives_an_index_and_its_archives(kind: str, tmp_path: Path) -> None:
    source = PLACES[kind](tmp_path)
    index = source.load()
    assert index.source.endswith(NAMES.get(kind, "index.yaml"))
    assert source.archive(index.releases[0]) == b"archive"


def test_what_a_place_leaves_out_is_said(tmp_path: Path) -> None:
    assert at_registry(tmp_path).load().problems == ("one is left out",)


def test_a_registry_is_read_only_where_there_is_what_reads_it() -> None:
    with pytest.raises(IndexSourceError, match="registries cannot be read here"):
        open_source("oci://h/x", web=no_web).load()


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_place_refuses_what_the_index_did_not_promise(
    kind: str, tmp_path: Path
) -> None:
    source = PLACES[kind](tmp_path)
    with pytest.raises(IndexSourceError) as caught:
        source.archive(release(URLS.get(kind, URL), digest="0" * 64))
    assert caught.value.facts == (f"archive: {DIGEST}", f"index:   {'0' * 64}")
    with pytest.raises(IndexSourceError, match="no sha256"):
        source.archive(release("flux2-2.14.1.tgz", digest=None))
    with pytest.raises(IndexSourceError, match="no URL"):
        source.archive(release())


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("bad", ["oci://h/x", "file:///etc/passwd", "ftp://h/x.tgz", "http://[::1"])
def test_every_kind_of_place_goes_on_to_the_next_url(kind: str, bad: str, tmp_path: Path) -> None:
    source = PLACES[kind](tmp_path)
    with pytest.raises(IndexSourceError):
        source.archive(release(bad))
    assert source.archive(release(bad, URLS.get(kind, URL))) == b"archive"


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("https://h", "url"),
        ("HTTP://h/x", "url"),
        (".", "directory"),
        ("index.yaml", "file"),
        ("missing/dir", "file"),
        ("x" * 5000, "file"),
        ("a\x00b", "file"),
        ("oci://h/x", "oci"),
        ("OCI://h/x", "oci"),
        ("s3://bucket", None),
        ("file:///tmp", None),
    ],
)
def test_one_kind_of_place_handles_a_spec(
    spec: str, kind: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [name for name, module in SOURCES.items() if module.handles(spec)] == (
        [kind] if kind else []
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("oci://me:s3cret@ghcr.io/charts", "no user and password"),
        ("s3://me:s3cret@bucket", "https or oci URL"),
        ("https://", "not valid"),
        ("https://me:s3cret/x@host", "not valid"),
        ("http://[::1", "not valid"),
    ],
)
def test_a_spec_that_is_no_place_is_refused(spec: str, words: str) -> None:
    with pytest.raises(IndexSourceError, match=words) as caught:
        open_source(spec, web=no_web)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("spec", ["x" * 5000, "a\x00b", "missing", "/dev/null", "/dev/zero"])
def test_a_file_that_is_not_there_is_refused(spec: str) -> None:
    with pytest.raises(IndexSourceError) as caught:
        open_source(spec, web=no_web).load()
    assert caught.value.where == spec


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ("https://h", "https://h/index.yaml"),
        ("https://h/", "https://h/index.yaml"),
        ("https://h/charts/", "https://h/charts/index.yaml"),
        ("https://h/i.yaml", "https://h/i.yaml"),
        ("https://h/i.YML", "https://h/i.YML"),
        ("https://h/i.json#x", "https://h/i.json"),
        ("https://h/charts?t=1", "https://h/charts/index.yaml?t=1"),
        ("https://me:pw@h:8443/x", "https://me:pw@h:8443/x/index.yaml"),
    ],
)
def test_the_index_of_a_repository_is_where_helm_looks(spec: str, address: str) -> None:
    web = FakeWeb({address: INDEX})
    assert open_source(spec, web=web).load().source == places.public(address)
    assert web.asked == [(address, INDEX_LIMIT)]


@pytest.mark.parametrize(
    ("spec", "url", "address"),
    [
        ("https://h/c", "a.tgz", "https://h/c/a.tgz"),
        ("https://h/c/i.yaml", "sub/a.tgz", "https://h/c/sub/a.tgz"),
        ("https://h/c", "/a.tgz", "https://h/a.tgz"),
        ("https://h/c", "../a.tgz", "https://h/a.tgz"),
        ("https://h/c?t=1", "a.tgz", "https://h/c/a.tgz?t=1"),
        ("https://me:pw@h/c", "a.tgz", "https://me:pw@h/c/a.tgz"),
        ("https://me:pw@h/c", "https://h/a.tgz", "https://me:pw@h/a.tgz"),
        ("https://me:pw@h/c?t=1", "https://other/a.tgz#x", "https://other/a.tgz"),
        ("https://me:pw@h/c", "https://h:444/a.tgz", "https://h:444/a.tgz"),
        ("http://h/c", "http://other/a.tgz", "http://other/a.tgz"),
        ("http://me:pw@h/c", "https://h/a.tgz", "https://h/a.tgz"),
    ],
)
def test_an_archive_is_where_its_url_leads(spec: str, url: str, address: str) -> None:
    web = FakeWeb({address: b"archive"})
    assert open_source(spec, web=web).archive(release(url)) == b"archive"
    assert web.asked == [(address, ARCHIVE_LIMIT)]


def test_an_index_read_safely_does_not_lead_to_plain_http(tmp_path: Path) -> None:
    web = FakeWeb({"http://h/a.tgz": b"archive"})
    for spec in ("https://h/", str(tmp_path), str(tmp_path / "index.yaml")):
        with pytest.raises(IndexSourceError, match="https"):
            open_source(spec, web=web).archive(release("http://h/a.tgz"))
    assert web.asked == []


def test_a_local_index_may_name_archives_elsewhere(tmp_path: Path) -> None:
    web = FakeWeb({"https://h/a.tgz": b"archive"})
    for spec in (str(tmp_path), str(tmp_path / "index.yaml")):
        assert open_source(spec, web=web).archive(release("https://h/a.tgz")) == b"archive"


def test_a_directory_may_mirror_archives(tmp_path: Path) -> None:
    (tmp_path / "a b.tgz").write_bytes(b"archive")
    source = open_source(str(tmp_path), web=no_web)
    assert source.archive(release("https://h/x/a%20b.tgz?y")) == b"archive"


@pytest.mark.parametrize(
    "url",
    [
        "../a.tgz",
        "/etc/passwd",
        "..",
        ".",
        "",
        "link/a.tgz",
        "%2e%2e/a.tgz",
        "a%00b",
        "//h/a.tgz",
        "sub/../../a.tgz",
        "x" * 5000,
    ],
)
def test_a_local_index_does_not_lead_out_of_its_directory(tmp_path: Path, url: str) -> None:
    (tmp_path / "a.tgz").write_bytes(b"archive")
    inside = tmp_path / "repository"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    for spec in (inside, inside / "index.yaml"):
        with pytest.raises(IndexSourceError):
            open_source(str(spec), web=no_web).archive(release(url))


@pytest.mark.parametrize("url", ["https://h/..", "https://h/", "https://h/%00", "https://h/%2e%2e"])
def test_a_url_without_a_file_name_is_fetched(tmp_path: Path, url: str) -> None:
    web = FakeWeb({url: b"archive"})
    assert open_source(str(tmp_path), web=web).archive(release(url)) == b"archive"


def test_local_files_have_limits(tmp_path: Path) -> None:
    with (tmp_path / "a.tgz").open("wb") as sparse:
        sparse.truncate(ARCHIVE_LIMIT + 1)
    with pytest.raises(IndexSourceError, match="larger than 10 MiB"):
        open_source(str(tmp_path), web=no_web).archive(release("a.tgz"))


def test_the_web_is_made_once_and_only_when_it_is_needed() -> None:
    web = FakeWeb({"https://h/index.yaml": INDEX})
    source = open_source("https://h", web=web)
    assert web.made == 0
    source.load()
    source.load()
    assert web.made == 1
