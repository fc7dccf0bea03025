"""An exact URL in the source of a program is a pin; whatever is not certain there is a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import URL, Cli, Repo, find, repository, small

GO = f'package p\n\nconst installURL = "{URL.format("2.4.0")}"\n'


def texts(tmp_path: Path, index: Path, **files: str) -> Repo:
    return repository(tmp_path / "repo", small(**files), index)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("cmd/a.go", GO),
        ("src/a.ts", f"export const url = '{URL.format('2.4.0')}';\n"),
        ("src/a.mts", f"export const url = `{URL.format('2.4.0')}`;\n"),
        ("a.py", f'URL = "{URL.format("2.4.0")}"\n'),
        ("src/a.rs", f'const URL: &str = "{URL.format("2.4.0")}";\n'),
        ("a.go", f'run(\n\t"kubectl",\n\t"apply", "-f", "{URL.format("2.4.0")}",\n)\n'),
        ("a.go", f"const c = `\nresources:\n  - {URL.format('2.4.0')}\n`\n"),
        ("a.py", f'run("kubectl apply --server-side -f {URL.format("2.4.0")}")\n'),
        ("a.ts", f'new k8s.yaml.ConfigFile("flux", {{ file: "{URL.format("2.4.0")}" }})\n'),
    ],
)
def test_an_exact_url_moves(tmp_path: Path, index: Path, cli: Cli, path: str, text: str) -> None:
    repo = texts(tmp_path, index, **{path: text})
    result = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", path) == text.replace("2.4.0", "2.5.1")
    assert path not in {one["path"] for one in result.json["mentions"]}
    check = cli("check", "--rev", "fluxbump/flux-2.5.1", cwd=repo)
    assert "FB120" not in check.out


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x_test.go", GO),
        ("tests/x.go", GO),
        ("a.go", f"package p\n\n// see {URL.format('2.4.0')}\n"),
        ("a.py", f'"""See {URL.format("2.4.0")}."""\n'),
    ],
)
def test_comments_and_tests_are_mentions(
    tmp_path: Path, index: Path, cli: Cli, path: str, text: str
) -> None:
    repo = texts(tmp_path, index, **{path: text})
    result = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", path) == text
    assert path in {one["path"] for one in result.json["mentions"]}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.ts", f"const u = `{URL.replace('v{}', '${version}')}`"),
        ("a.go", f'u := fmt.Sprintf("{URL.replace("v{}", "%s")}", v)'),
        ("a.py", f'u = f"{URL.replace("{}", "{version}")}"'),
        ("a.rs", f'let u = format!("{URL}", v);'),
        ("a.py", f'u = "{URL.format("2.4")}"'),
        ("a.py", f'u = "{URL.replace("download/v{}", "latest/download")}"'),
        ("a.py", f'u = "{URL.replace("v{}", "2.4.0")}"'),
        ("a.py", f'p = re.compile(r"{URL.replace("{}", "[0-9.]+")}")'),
        ("a.py", f'p = re.compile(r"{URL.format("2.4.0")}")'),
        ("a.go", f'p := regexp.MustCompile("{URL.format("2.4.0")}")'),
        ("a.go", f'strings.ReplaceAll(s, "{URL.format("2.4.0")}", x)'),
        ("a.go", f'if u == "{URL.format("2.4.0")}" {{'),
        ("a.go", f'case "{URL.format("2.4.0")}":'),
        ("a.ts", f"if (text.includes('{URL.format('2.4.0')}')) {{"),
        ("a.ts", f"const rule = {{ pattern: '{URL.format('2.4.0')}' }}"),
        ("a.ts", f"const help = `Flux v2.4.0 comes from\n{URL.format('2.4.0')}`"),
        ("a.go", f'm := map[string]string{{"2.4.0": "{URL.format("2.4.0")}"}}'),
        ("a.go", f'log.Println("Flux is at {URL.format("2.4.0")}")'),
        ("a.py", f'OLD, NEW = "{URL.format("2.3.0")}", "{URL.format("2.4.0")}"'),
    ],
)
def test_what_is_not_certain_is_a_note(path: str, line: str) -> None:
    found = find(small(**{path: f"{line}\n"}))
    assert [pin for pin in found.pins if pin.location.path == path] == []
    assert [note for note in found.notes if note.location.path == path]


def test_the_configuration_makes_them_mentions(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = texts(tmp_path, index, **{"a.go": GO, "fluxbump.yaml": "program_source: mentions\n"})
    result = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "a.go") == GO
    assert "a.go" in {one["path"] for one in result.json["mentions"]}


def test_a_digest_beside_it_stops_a_bump_that_cannot_make_it(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    repo = texts(tmp_path, index, **{"a.go": f'{GO}const sha256 = "{"0" * 64}"\n'})
    result = cli("to", "2.5.1", "--releases", str(tmp_path), cwd=repo)
    assert result.code == 5
    assert "a.go:4" in result.err


def test_a_digest_beside_a_note_does_not_move() -> None:
    line = f'ok = text.replace("{URL.format("2.4.0")}", "{"0" * 64}")  # sha256\n'
    assert not [pin for pin in find(small(**{"a.py": line})).pins if pin.location.path == "a.py"]


@pytest.mark.parametrize(
    "lines",
    [
        'var u = "{0}"\nfunc f(x string) bool {{ return strings.Contains(x, "{0}") }}',
        'var u = "{0}"\nvar m = "see {0} for it"',
        'var u = map[string]string{{\n"2.5.1": "{0}",\n}}',
        'var u = map[string]string{{"2.3.0": "{0}", "2.2.0": "{0}"}}',
    ],
)
def test_the_urls_of_a_program_move_together_or_not_at_all(
    tmp_path: Path, index: Path, cli: Cli, lines: str
) -> None:
    text = f"package p\n\n{lines.format(URL.format('2.4.0'))}\n"
    repo = texts(tmp_path, index, **{"a.go": text})
    result = cli("to", "2.5.1", "-o", "json", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "a.go") == text
    lines_noted = {one["line"] for one in result.json["notes"] if one["path"] == "a.go"}
    urls = {number for number, line in enumerate(text.splitlines(), 1) if "install.yaml" in line}
    assert lines_noted == urls


def test_the_same_url_twice_in_a_line_moves(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = 'package p\n\nfunc f() {{ apply("{0}"); apply("{0}") }}\n'
    repo = texts(tmp_path, index, **{"a.go": text.format(URL.format("2.4.0"))})
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "a.go") == text.format(URL.format("2.5.1"))


def test_a_version_that_decides_what_is_found_is_named_and_nothing_moves(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    settings = 'pins:\n  - {path: x.txt, track: flux, pattern: "flux (?P<version>2[.]4[.]0)"}\n'
    repo = texts(tmp_path, index, **{"x.txt": "one\nflux 2.4.0\n", "fluxbump.yaml": settings})
    result = cli("to", "2.5.1", cwd=repo)
    said = (
        "error: x.txt:2: a new version here changes what fluxbump recognizes in this file\n"
        "  if no pattern in fluxbump.yaml is the cause, report this as a bug\n"
        "  change this file by hand\n"
    )
    assert (result.code, result.err) == (5, said)
    assert repo.git("for-each-ref", "refs/heads/fluxbump") == ""
