"""A shell function's argument holds the release: the one place that passes it is the pin."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import Cli, find, repository, small

URL = "https://github.com/fluxcd/flux2/releases/download/{}/install.yaml"
FUNCTION = "install_flux() {{\n  {}\n}}\n"
DIRECT = FUNCTION.format(f"curl {URL.format('$1')} | kubectl apply -f -")
PREFIXED = FUNCTION.format(f'kubectl apply -f "{URL.format("v${1}")}"')
LOCAL = FUNCTION.format(f'local version="$1"\n  curl "{URL.format("${version}")}"')
SECOND = FUNCTION.format(f"curl -o $1 {URL.format('v$2')}")
KEYWORD = LOCAL.replace("install_flux()", "function install_flux")

CALLED: dict[str, tuple[str, str]] = {
    "literal": (f"{DIRECT}install_flux v2.4.0\n", "a.sh:4"),
    "quoted": (f'{PREFIXED}install_flux "2.4.0"\n', "a.sh:4"),
    "local": (f"{LOCAL}install_flux v2.4.0\n", "a.sh:5"),
    "keyword": (f"{KEYWORD}install_flux v2.4.0\n", "a.sh:5"),
    "second": (f'{SECOND}install_flux "$(mktemp -d)" \\\n  2.4.0\n', "a.sh:5"),
    "variable": (f'V=v2.4.0\n{DIRECT}install_flux "$V"\n', "a.sh:1"),
    "variable by default": (f'V="${{V:-v2.4.0}}"\n{DIRECT}install_flux "${{V}}"\n', "a.sh:1"),
    "condition": (f"{DIRECT}if ! install_flux v2.4.0; then exit 1; fi\n", "a.sh:4"),
    "one function from another": (
        f"{DIRECT}main() {{\n  install_flux $1\n}}\nmain v2.4.0\n",
        "a.sh:7",
    ),
    "helm": (
        'f() {\n  helm upgrade -i x fluxcd-community/flux2 --version "$1"\n}\nf 2.14.1\n',
        "a.sh:4",
    ),
}


@pytest.mark.parametrize("name", CALLED)
def test_the_argument_is_the_pin(name: str) -> None:
    text, place = CALLED[name]
    found = find({"a.sh": text})
    assert [(pin.kind, str(pin.location)) for pin in found.pins] == [("variable", place)]
    (pin,) = found.pins
    assert text[pin.start : pin.end] in ("2.4.0", "2.14.1")
    assert found.notes == ()


def test_two_calls_with_one_value_are_two_pins() -> None:
    found = find({"a.sh": f"{DIRECT}install_flux v2.4.0\ninstall_flux v2.4.0\n"})
    assert [str(pin.location) for pin in found.pins] == ["a.sh:4", "a.sh:5"]


UNKNOWN = {
    "several values": f"{DIRECT}install_flux v2.4.0\ninstall_flux v2.5.1\n",
    "never called": DIRECT,
    "from elsewhere": f'{DIRECT}install_flux "$1"\n',
    "no argument": f"{DIRECT}install_flux\ninstall_flux v2.4.0\n",
    "all arguments": f'{DIRECT}install_flux "$@"\n',
    "shifted": f"{DIRECT.replace('  curl', '  shift; curl')}install_flux v2.4.0\n",
    "another function": f"{DIRECT}install_flux2 v2.4.0\nmy-install_flux v2.4.0\n",
    "only named": f"{DIRECT}echo install_flux v2.4.0\n# install_flux v2.4.0\n",
    "computed": f"{DIRECT}install_flux v2.4.0$(x)\n",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_a_note(name: str) -> None:
    found = find({"a.sh": UNKNOWN[name]})
    assert found.pins == ()
    assert [note.message for note in found.notes] == ["$1 is a pattern, not a release"]


def test_a_function_that_another_file_calls_is_not_known() -> None:
    other = "# flux2\nsource ./a.sh\ninstall_flux v2.5.1\n"
    found = find({"a.sh": f"{DIRECT}install_flux v2.4.0\n", "b.sh": other})
    assert found.pins == ()
    assert [str(note.location) for note in found.notes] == ["a.sh:2"]


def test_an_argument_moves(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = f"{LOCAL}install_flux v2.4.0 # keep\n"
    repo = repository(tmp_path / "repo", small(**{"a.sh": text}), index)
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "a.sh") == text.replace("2.4.0", "2.5.1")


def test_a_digest_beside_an_argument_belongs_to_it() -> None:
    digest = "0" * 64
    body = f'curl -o f {URL.format("v$1")}\n  echo "$2  f" | sha256sum -c'
    found = find({"a.sh": f"{FUNCTION.format(body)}install_flux 2.4.0 {digest}\n"})
    assert [(pin.kind, pin.value) for pin in found.pins] == [
        ("variable", "2.4.0"),
        ("digest", digest),
    ]
