"""What users read: plain trade English. Some words are refused, each with what to write instead.

Checked are the help of every command, every text of the program that has a space in it (messages,
findings, reports; docstrings are for developers), the documents, and the pages of the rules.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import typer.main

from fluxbump import errors
from fluxbump.cli.app import COMMANDS, build
from fluxbump.cli.shell import help_examples, help_layout
from tests.helpers import ROOT, Cli

INSTEAD = {
    r"mend(s|ed|ing)?": "fix",
    r"be had": "available",
    r"go(es)? before it": "take precedence over, override",
    r"judg(e|es|ed|ing|e?ment)|unjudged": "check",
    r"saved? by|save for|save that": "except",
    r"anew": "again",
    r"stands? (in|around|beside|there)|lies under": "is in",
    r"forge's interface|REST interface": "API",
    r"the Kubernetes that runs": "the Kubernetes version",
    r"definitions?": "CRDs",
    r"look(s|ed|ing)? at": "read, check",
    r"say --\w+": "use",
    r"rais(e|es|ed|ing) (a|the|its|their|your|own) (own )?versions?": "bump",
    r"work trees?": "working tree",
    r"propos(e|es|ed|ing|als?)": "open a pull request for",
    r"pins move|what is behind": "fluxbump updates pins, outdated pins",
    r"somebody|whoever|for a person": "you, the operator, another process",
    r"left alone": "not changed",
    r"stands? (here )?twice": "appears twice",
    r"whatever is newest": "the newest version",
    r"foretells?|comes to be|born with": "predicts, is created, has",
    r"web address": "URL",
    r"misspelt|(colour|favour|honour|neighbour)(s|ed|ing)?|behaviour|centre|grey|licence":
        "the American spelling",
    r"(authoris|recognis|initialis|normalis|serialis|summaris|organis)(e|es|ed|ing|ation)":
        "the American spelling",
}  # fmt: skip
"""Words that users do not read, as patterns, and what to write instead."""

ALLOWED = {
    "fluxbump/text/languages.py": "changelog license licence",  # the names of files
}
"""A text in a file that has such a word for the reason beside it."""


_WORDS = {
    re.compile(rf"(?<![\w/-])(?:{word})(?![\w-])", re.IGNORECASE): instead
    for word, instead in INSTEAD.items()
}
_CODE = re.compile(r"^```.*?^```$|`[^`]+`|\]\([^)]*\)|<!--.*?-->", re.MULTILINE | re.DOTALL)
_DEFINES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def refused(text: str) -> list[str]:
    """Say which words of a text to replace, and by what."""
    one_line = " ".join(text.split())
    return [
        f"{found[0]!r}: write {instead}"
        for word, instead in _WORDS.items()
        for found in word.finditer(one_line)
    ]


def program_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are neither docstrings nor single words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in silent:
            continue
        if isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def page_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a page, without its code and the targets of its links."""
    text = _CODE.sub(lambda code: "\n" * code[0].count("\n"), path.read_text(encoding="utf-8"))
    line = 1
    for paragraph in text.split("\n\n"):
        yield line, paragraph
        line += paragraph.count("\n") + 2


def sources() -> list[Path]:
    """List every file that has texts for users."""
    return [
        *(ROOT / "fluxbump").rglob("*.py"),
        *(ROOT / "fluxbump" / "check" / "rules" / "pages").glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]


def test_no_text_has_a_refused_word() -> None:
    problems = []
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        texts = program_texts(path) if path.suffix == ".py" else page_texts(path)
        for line, text in texts:
            if name in ALLOWED and ALLOWED[name] in " ".join(text.split()):
                continue
            problems += [f"{name}:{line}: {problem}" for problem in refused(text)]
    assert not problems, "\n".join(problems)


def test_every_exception_is_in_use() -> None:
    for name, text in ALLOWED.items():
        assert text in " ".join((ROOT / name).read_text(encoding="utf-8").split()), name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Mend the file", 1),
        ("the work\n  tree", 1),
        ("not-judged", 0),  # a name
        ("amended", 0),
        ("nothing is proposed, whoever asks", 2),
        ("the definition of `done`", 1),
    ],
)
def test_a_refused_word_is_found(text: str, number: int) -> None:
    assert len(refused(text)) == number


SEMICOLONS = {
    "flux/stored_versions.py": "the API server's own words",
    "git/remote_environment.py": "a command of a shell",
    "reports/html/page.py": "the policy of a page",
    "reports/html/style.py": "its style",
    "reports/matrix_page.py": "its style",
}
"""Files with a text that has a semicolon and is no chain of clauses, and what it is."""


def test_no_text_of_the_program_is_a_chain_of_clauses() -> None:
    problems = []
    for path in sorted((ROOT / "fluxbump").rglob("*.py")):
        name = path.relative_to(ROOT / "fluxbump").as_posix()
        for line, text in program_texts(path):
            if text != "; " and "; " in _no_code(text):
                problems.append((name, f"{line}: {text}"))
    assert [problem for problem in problems if problem[0] not in SEMICOLONS] == []
    assert {name for name, _ in problems} == {*SEMICOLONS}  # each exception is in use


def _no_code(text: str) -> str:
    """Leave out patterns and code, in which a semicolon is a character."""
    return "" if re.search(r"\(\?|\\[a-z(|]", text) else re.sub(r"`[^`]*`", "", text)


# --- errors -------------------------------------------------------------------------------------

NAMES_FIRST = ("Flux", "HelmRelease", "HEAD", "JOB_", "BITBUCKET_", "GitHub: ", "Azure DevOps: ")
"""What an error may begin with in upper case."""
_SAID_OF = "X" * 10
"""What stands for a value in the text of an error."""


def error_texts() -> Iterator[tuple[str, str]]:
    """Yield the place of each error that the program raises, and its message, hint and facts."""
    known = {name for name in vars(errors) if name.endswith("Error")}
    for path in sorted((ROOT / "fluxbump").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in known or not node.args:
                continue
            values = {key.arg: key.value for key in node.keywords}
            facts = values.get("facts")
            listed = facts.elts if isinstance(facts, (ast.List, ast.Tuple)) else []
            for part in (node.args[0], values.get("hint"), *listed):
                text = literal(part)
                if text:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def literal(node: ast.AST | None) -> str:
    """Return a text of the program, with something in place of each value; empty for no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else _SAID_OF for part in node.values
        )
    return ""


def unlike_an_error(text: str) -> bool:
    """Whether a part of an error is a chain of clauses, a question, or a sentence with a stop."""
    starts_right = not text[0].isupper() or text.startswith((*NAMES_FIRST, _SAID_OF))
    chained = "; " in text or text.count(": ") > 2 or text.count("(") > 1  # value, place, reason
    return chained or text.endswith((".", "?")) or len(text) > 80 or not starts_right  # columns


def test_each_part_of_an_error_is_short_and_says_one_thing() -> None:
    found = [*error_texts()]
    assert len(found) > 300  # so that the search still works
    assert [f"{place}: {text}" for place, text in found if unlike_an_error(text)] == []


@pytest.mark.parametrize(
    "text",
    ["No pin", "no pin.", "no pin; nothing was done", "is it there?", "x" * 81, "a (b (c))"],
)
def test_a_chain_is_found(text: str) -> None:
    assert unlike_an_error(text)
    assert not unlike_an_error("no pin of Flux found: it has none (a fact)")


# --- sentences and headings ---------------------------------------------------------------------

LONGEST = 25
"""Words of a sentence, without its code."""
_BLOCK = re.compile(r"^ *```.*?^ *```$|<!--.*?-->", re.MULTILINE | re.DOTALL)
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\[*]|fluxbump |git |helm-controller |kubectl )")
_ITEM = re.compile(r"\n(?=\s*(?:[-*]|\d+\.) )")
_ASIDE = re.compile(r"\s*[|#]|    |\t")
"""A line of a table, a heading, or code that is indented."""
_HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
_QUESTION = re.compile(r"(What|Which|Where|Who|Whether|Would)\b|.*\?$")

HOW_TO = ("begin", "bump", "check", "ci", "fleet", "forges", "recover", "renovate", "run")
"""The pages that say how to do something."""


def prose() -> list[Path]:
    """List the pages for users; the design is for who changes the program."""
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    pages += (ROOT / "fluxbump" / "check" / "rules" / "pages").glob("*.md")
    return [page for page in pages if page.name != "design.md"]


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a page, with `CODE` in place of code."""
    for paragraph in _BLOCK.sub("", text).split("\n\n"):
        for item in _ITEM.split(paragraph):
            lines = [re.sub(r"^\s*>\s?(\[!\w+\])?", "", line) for line in item.split("\n")]
            flat = " ".join(line for line in lines if not _ASIDE.match(line))
            flat = re.sub(r"\]\([^)]*\)", "]", re.sub(r"`+[^`]*`+", "CODE", flat))
            yield from (sentence.strip() for sentence in _END.split(flat))


def words(sentence: str) -> int:
    return sum(word != "CODE" for word in re.findall(r"[\w'./-]+", sentence))


@pytest.mark.parametrize("page", prose(), ids=lambda page: page.name)
def test_a_page_has_short_sentences_about_something(page: Path) -> None:
    found = [*sentences(page.read_text(encoding="utf-8"))]
    assert [one for one in found if words(one) > LONGEST] == []
    assert [one for one in found if re.match(r"(?:[-*]|\d+\.)? ?\**What\b", one)] == []
    assert [one for one in found if "—" in one or "; " in one] == []


@pytest.mark.parametrize("page", prose(), ids=lambda page: page.name)
def test_a_heading_is_a_task_or_a_thing(page: Path) -> None:
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    assert [heading for heading in headings if _QUESTION.match(heading)] == []


@pytest.mark.parametrize("name", HOW_TO)
def test_a_how_to_ends_with_the_next_steps(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    last = text.rpartition("\n## ")[2]
    assert last.startswith("Next steps\n\n- [")
    assert 2 <= last.count("\n- [") <= 4


def test_long_sentences_and_questions_are_found() -> None:
    long = " ".join(["word"] * 26)
    page = f"# What it is\n\n{long}. `a b c` {' '.join(['word'] * 25)}.\n\n- What is it.\n"
    found = [*sentences(page)]
    assert [words(one) for one in found if one] == [26, 25, 4]
    assert _QUESTION.match(_HEADING.findall(page)[0])


# --- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_examples_and_exit_codes_and_no_refused_word(cli: Cli, command: str) -> None:
    shown = cli(*command.split(), "--help").out
    assert "\nExamples:\n  # " in shown
    assert shown.index("Examples:") < shown.index("Options:") < shown.index("Exit codes:")
    assert max(len(line) for line in shown.splitlines() if "<" not in line) <= 80  # but choices
    assert refused(shown) == []


def test_the_list_of_commands_is_not_cut(cli: Cli) -> None:
    listed = cli("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    for line in listed:
        summary = line[len("  releases  ") :]
        assert summary.endswith("."), line
        assert not summary.endswith("..."), line
        assert len(summary) <= 60, line


def test_every_option_is_in_one_group() -> None:
    members = [name for names in help_layout.GROUPS.values() for name in names.split()]
    assert len(members) == len(set(members))
    program = typer.main.get_command(build())
    options = {
        name.lstrip("-")
        for command in program.commands.values()  # type: ignore[attr-defined]  # a group has them
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--")
    }
    assert options - {*members} <= {"help", "format"}
    assert {*members} - options == set()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_examples_can_be_typed(command: str) -> None:
    program = typer.main.get_command(build())
    for comment, line in help_examples.EXAMPLES[command]:
        assert comment[0].isupper()
        words = shlex.split(line.partition(" > ")[0])
        assert words[:2] == ["fluxbump", command]
        leaf = program.commands[command]  # type: ignore[attr-defined]  # a group has them
        assert leaf.make_context(command, words[2:]).params


# --- findings -----------------------------------------------------------------------------------


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that have values in them, each value as `{}`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}"
                     for part in node.values)  # fmt: skip
            yield node.lineno, "".join(parts)


def chained(text: str) -> bool:
    """Whether a message has a semicolon, or two facts about a colon, or is long without values.

    Code is left out. A place before a colon is no fact, and neither is a reason after the last.
    """
    text = re.sub(r"`[^`]*`", "", text)
    facts = text.removeprefix("{}: ").removesuffix(": {}")
    return "; " in facts or ": " in facts or len(facts.replace("{}", "")) > 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{} holds {}, but {} holds {}", False),
        ("{}: the file has no `chart: flux2`", False),
        ("not known which digest {} has: {}", False),
        ("{} holds {}; write an exact version", True),
        ("{} holds {}: today that is {}, which ships {}", True),
        ("{} " + "word " * 21, True),
    ],
)
def test_a_chain_of_facts_is_found(text: str, expected: bool) -> None:
    assert chained(text) is expected


def test_a_finding_says_one_thing() -> None:
    paths = (ROOT / "fluxbump" / "check" / "rules").glob("*.py")
    problems = [
        f"{path.stem}:{line}: {text}"
        for path in paths
        for line, text in messages(path)
        if " " in text and chained(text)
    ]
    assert not problems, "\n".join(problems)


# --- notes --------------------------------------------------------------------------------------


def note_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the message and the advice of each note that a module makes, each value as `{}`.

    A name stands for what its function, or the module, assigns to it.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    scopes = [node for node in ast.walk(tree) if isinstance(node, _DEFINES)]
    for call in ast.walk(tree):
        named = getattr(call, "func", None)
        called = getattr(named, "id", getattr(named, "attr", ""))
        if not isinstance(call, ast.Call) or called not in ("Note", "note") or len(call.args) < 2:
            continue
        advice = [key.value for key in call.keywords if key.arg == "advice"]
        for part in (call.args[1], *advice):
            for value in assigned(part, call, scopes):
                yield call.lineno, literal(value).replace(_SAID_OF, "{}")


def assigned(part: ast.expr, call: ast.Call, scopes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """Yield what a part of a call can be: itself, or all that is assigned to its name."""
    if not isinstance(part, ast.Name):
        yield part
        return
    around = [scope for scope in scopes if any(node is call for node in ast.walk(scope))]
    for scope in around[-1:] + around[:1]:
        for node in ast.walk(scope):
            names = getattr(node, "targets", ())
            if any(isinstance(name, ast.Name) and name.id == part.id for name in names):
                value = node.value  # type: ignore[attr-defined]  # what has targets has a value
                yield from (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)


def test_a_note_says_one_thing_and_then_what_to_do() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for folder in ("discover", "bump")
        for path in (ROOT / "fluxbump" / folder).rglob("*.py")
        for line, text in note_texts(path)
        if text
    ]
    assert len(found) > 80  # so that the search still works
    left = (": not ", ": fluxbump", " (if ", ". ")
    assert [
        f"{place}: {text}" for place, text in found if chained(text) or any(s in text for s in left)
    ] == []


# --- environment --------------------------------------------------------------------------------

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_NO_SETTINGS = {
    # of what is read, not of the environment: limits, git's state, names to find in repositories
    *("RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_CPU", "REVERT_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD"),
    "EAI_NODATA",
    *("FLUX_VER", "FLUX_CLI_VER", "FLUXCD_VER", "FLUX2_VER", "FLUX2_CLI_VER", "FLUX_VERSION"),
    *("FLUX_OPERATOR_VER", "FLUX_OPERATOR_CHART_VER"),
    *("FLUX_CHART_VER", "FLUX2_CHART_VER", "FLUXCD_CHART_VER"),
    *("K3S_CHANNEL", "INSTALL_K3S_CHANNEL"),
    # set for a program that fluxbump starts, or handed on to it
    *("FLUXBUMP_GIT_USERNAME", "FLUXBUMP_GIT_PASSWORD", "PYDANTIC_DISABLE_PLUGINS", "LC_ALL"),
    *("LD_LIBRARY_PATH", "GCM_INTERACTIVE", "SSH_ASKPASS_REQUIRE", "GPG_TTY", "WAYLAND_DISPLAY"),
    *("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS"),
    *("CURL_SSL_BACKEND", "CURL_CA_BUNDLE"),
}
"""Names in the program that look like a variable, and are none that a user sets for fluxbump."""


def variables_of_the_program() -> set[str]:
    """Collect the names of variables in the program's texts, without git's own."""
    return {
        node.value
        for path in (ROOT / "fluxbump").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _VARIABLE.fullmatch(node.value)
        and not node.value.startswith("GIT_")
    }


def test_the_page_lists_every_variable_that_is_read() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", page.partition("## Environment")[2]))
    assert variables_of_the_program() - _NO_SETTINGS - listed == set()
    assert {"FLUXBUMP_TOKEN", "FLUXBUMP_INDEX", "GITLAB_TOKEN"} <= listed
