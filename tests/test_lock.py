import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fluxbump.errors import PinError
from fluxbump.helm import lock
from fluxbump.text.splice import Edit
from tests.helpers import in_step

_NOW = datetime(2026, 4, 15, 10, 20, 30, 120000, tzinfo=timezone(timedelta(hours=2)))

_CHART = """\
apiVersion: v2
name: bp-flux
version: 1.1.3
dependencies:
  - name: flux2
    version: "2.15.0"
    repository: https://charts.example.org
"""
_LOCK = """\
# by hand: keep
dependencies:
- name: flux2
  repository: https://charts.example.org
  version: 2.14.1
digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
generated: "2025-01-02T03:04:05.678901234Z"
"""


def _apply(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def _relock(chart: str, old: str, moved: dict[str, str]) -> str:
    edits = lock.relock(
        chart_path="platform/flux/chart/Chart.yaml",
        chart_text=chart,
        lock_path="platform/flux/chart/Chart.lock",
        lock_text=old,
        moved=moved,
        generated=_NOW,
    )
    assert {edit.path for edit in edits} <= {"platform/flux/chart/Chart.lock"}
    return _apply(old, edits)


# --- what is edited ---------------------------------------------------------------------------


def test_only_three_scalars_change() -> None:
    relocked = _relock(_CHART, _LOCK, {"flux2": "2.15.0", "other": "9.9.9"})
    assert in_step(_CHART, relocked)
    changed = [
        new
        for old, new in zip(_LOCK.splitlines(), relocked.splitlines(), strict=True)
        if old != new
    ]
    assert changed[0] == "  version: 2.15.0"
    assert re.fullmatch(r"digest: sha256:[0-9a-f]{64}", changed[1])
    assert changed[2] == 'generated: "2026-04-15T10:20:30.12+02:00"'
    assert len(changed) == 3


def test_a_second_run_changes_nothing() -> None:
    relocked = _relock(_CHART, _LOCK, {"flux2": "2.15.0"})
    assert _relock(_CHART, relocked, {"flux2": "2.15.0"}) == relocked
    assert _relock(_CHART, relocked, {}) == relocked


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "no final newline": lambda text: text.rstrip(),
    "quotes": lambda text: re.sub(r"(?<=: )(2\.\S+|sha256:0+)", r"'\1'", text),
    "time without quotes": lambda text: text.replace('"', ""),
    "time in single quotes": lambda text: text.replace('"', "'"),
    "no time": lambda text: re.sub("(?m)^generated.*\n", "", text),
    "comments between": lambda text: text.replace("\ndigest", "   # old\n# next\ndigest"),
    "document marker": lambda text: "---\n" + text,
    "marker below a comment": lambda text: "# head\n---\n" + text,
    "leading v": lambda text: text.replace(": 2.14.1", ": v2.14.1"),
    "flow": lambda text: text.replace(
        "- name: flux2\n  repository: https://charts.example.org\n  version: 2.14.1",
        '- {name: flux2, version: "2.14.1", repository: "https://charts.example.org"}',
    ),
}


@pytest.mark.parametrize("spelling", _SPELLINGS)
def test_the_spelling_stays(spelling: str) -> None:
    old = _SPELLINGS[spelling](_LOCK)
    relocked = _relock(_CHART, old, {"flux2": "2.15.0"})
    assert relocked.replace("2.15.0", "2.14.1") != old
    assert in_step(_CHART, relocked)
    assert _neutral(relocked) == _neutral(old)


def _neutral(text: str) -> str:
    text = re.sub(r"sha256:[0-9a-f]{64}", "D", text)
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+(Z|\+02:00)", "T", text)
    return re.sub(r"2\.1[45]\.[01]", "V", text)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 4, 5, 1, 2, 3, tzinfo=UTC), "2026-04-05T01:02:03Z"),
        (datetime(2026, 4, 5, 1, 2, 30, 100, tzinfo=UTC), "2026-04-05T01:02:30.0001Z"),
        (_NOW, "2026-04-15T10:20:30.12+02:00"),
        (_NOW.replace(tzinfo=timezone(timedelta(hours=-9, minutes=-30))), None),
    ],
)
def test_the_time_is_written_as_go_writes_it(moment: datetime, expected: str | None) -> None:
    edits = lock.relock(
        chart_path="Chart.yaml",
        chart_text=_CHART,
        lock_path="Chart.lock",
        lock_text=_LOCK,
        moved={"flux2": "2.15.0"},
        generated=moment,
    )
    assert edits[-1].new == (expected or "2026-04-15T10:20:30.12-09:30")


def test_one_name_under_two_aliases() -> None:
    second = (
        "  - {name: flux2, alias: b, version: '%s', repository: 'https://charts.example.org'}\n"
    )
    old = _LOCK.replace(
        "digest",
        "- name: flux2\n  repository: https://charts.example.org\n  version: 2.14.1\ndigest",
    )
    both = _relock(_CHART + second % "^2.14", old, {"flux2": "2.15.0"})
    assert both.count("version: 2.15.0") == 2
    first = _relock(_CHART + second % "2.14.1", old, {"flux2": "2.15.0"})
    assert re.findall(r"version: (\S+)", first) == ["2.15.0", "2.14.1"]


def test_a_range_that_admits_the_new_version_moves_in_the_lock() -> None:
    chart = _CHART.replace('"2.15.0"', "^2.14.0")
    assert "version: 2.15.0" in _relock(chart, _LOCK, {"flux2": "2.15.0"})


def test_a_chart_in_the_folder_is_locked_at_the_text_of_the_requirement() -> None:
    chart = _CHART.replace("https://charts.example.org", '""').replace("2.15.0", ">=2.15.0")
    old = _LOCK.replace("https://charts.example.org", '""')
    with pytest.raises(PinError, match=r"flux2 is locked at 2\.14\.1, Chart\.yaml says >=2\.15\.0"):
        _relock(chart, old, {})
    assert "version: '>=2.15.0'" in _relock(
        chart, old.replace("2.14.1", "'2.14.1'"), {"flux2": "2.15.0"}
    )


# --- what is refused --------------------------------------------------------------------------

_REPEATED = "dependencies: &a [*a]\n"
_BOMB = (
    "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "dependencies: [{name: flux2, import-values: *i}]\n"
)


@pytest.mark.parametrize(
    ("old", "line", "message"),
    [
        ("", 1, "holds nothing"),
        ("- a\n", 1, "not a mapping"),
        ("flux2\n", 1, "not a mapping"),
        ("a: [\n", 2, "not YAML: "),
        (_LOCK.replace("digest", "other"), 2, "the lock has no digest"),
        (_LOCK.replace("digest: sha256", "digest: !!str sha256"), 6, "its digest"),
        (_LOCK.replace("digest: sha256", "digest: &d sha256"), 6, "its digest"),
        (_LOCK.replace("digest: sha256", "digest: [sha256]\nx: y"), 6, "its digest"),
        (_LOCK.replace("version: 2", "version: &v 2"), 5, "its version"),
        (_LOCK.replace("  version: 2.14.1\n", ""), 3, "the lock has no version"),
        (_LOCK.replace("T03", "\\x5403"), 7, "its generated"),
        (_LOCK.replace("dependencies", "others"), 2, "the lock holds nothing, Chart.yaml flux2"),
        (_LOCK.replace("flux2", "flux"), 2, "the lock holds flux, Chart.yaml flux2"),
        (_LOCK.replace("- name: flux2\n", "- null\n- name: flux2\n"), 3, "a dependency is not a"),
        ("dependencies: flux2\ndigest: x\n", 1, "dependencies is not a list"),
        (_LOCK.replace("example.org", "example.com"), 3, "flux2 is locked from another repository"),
        (_REPEATED, 1, "refers to itself or is nested too deeply"),
        (_BOMB, 10, "holds too many values"),
    ],
)
def test_refuses_a_lock_that_it_cannot_bring_in_step(old: str, line: int, message: str) -> None:
    with pytest.raises(PinError) as caught:
        _relock(_CHART, old, {"flux2": "2.15.0"})
    assert message in caught.value.message
    assert caught.value.where == f"platform/flux/chart/Chart.lock:{line}"
    assert caught.value.hint == "helm dependency update platform/flux/chart"
    assert not in_step(_CHART, old)


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("1.0.4", "1.0.3"),
        ("^1.1", "1.0.4"),
        ("latest", "1.0.4"),
        ("1.0.4", ""),
        ("1.0.4", "1.0.4-01"),
    ],
)
def test_refuses_when_another_dependency_is_out_of_step(asked: str, held: str) -> None:
    chart = _CHART + f"  - {{name: lib, version: '{asked}', repository: ''}}\n"
    old = _LOCK.replace("digest", f"- {{name: lib, version: '{held}', repository: ''}}\ndigest")
    with pytest.raises(PinError, match=r"Chart\.lock:6: lib is locked at"):
        _relock(chart, old, {"flux2": "2.15.0"})


@pytest.mark.parametrize(
    ("asked", "held"), [("1.0.4", "1.0.4"), ("1.0.4", "v1.0.4"), ("^1", "1.0.4"), (">=1", "1.1")]
)
def test_accepts_other_dependencies_that_are_in_step(asked: str, held: str) -> None:
    chart = _CHART + f"  - {{name: lib, version: '{asked}', repository: ''}}\n"
    old = _LOCK.replace("digest", f"- {{name: lib, version: '{held}', repository: ''}}\ndigest")
    assert f"version: '{held}'" in _relock(chart, old, {"flux2": "2.15.0"})


def test_a_time_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        lock.relock(
            chart_path="Chart.yaml",
            chart_text=_CHART,
            lock_path="Chart.lock",
            lock_text=_LOCK,
            moved={},
            generated=datetime(2026, 4, 5),  # noqa: DTZ001  # no offset is the point
        )
