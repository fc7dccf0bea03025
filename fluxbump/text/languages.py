"""Tells by a file's name what the file is for, and how its comments are marked. Pure.

The purpose of a file decides whether it is live code: configuration and scripts are run, programs
are built, documents are read by people, records keep a former state, and lock files are written by
another tool. The syntax of a file decides where its comments are. A file that is in no table here
is a document: its versions are listed and never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto
from functools import cache

from fluxbump.text.patterns import lazy_pattern
from fluxbump.text.syntax.comment_marks import HASH, JSONC, LAYERS, SYNTAX_OF, TEMPLATE, layered
from fluxbump.text.syntax.comments import Syntax


class Language(Enum):
    """The purpose of a file."""

    SCRIPT = auto()
    """Configuration, scripts, and templates of both: live code that is read as text."""
    HCL = auto()
    """Terraform and similar languages: live code. The body of a heredoc is a script."""
    JSON = auto()
    """JSON: live code that is read as text, with the comments that some JSON files have."""
    APPLICATION = auto()
    """Source code of programs. A version in it is a string, and installs nothing by itself."""
    DOCUMENT = auto()
    """Prose for people, and files of unknown purpose. Nothing in them is live."""
    RECORD = auto()
    """Records of a former state: patches, logs, expected output, data. Nothing in them is live."""
    LOCK = auto()
    """Lock files, which another tool writes and which are not edited."""


# --- what files do -------------------------------------------------------------------------------

_BY_SUFFIX: dict[Language, str] = {
    Language.SCRIPT: (
        "yaml yml sh bash zsh fish ksh ash dash csh bats env envrc ps1 psm1 psd1 bat cmd vim "
        "cfg cnf conf config ini properties toml desktop editorconfig service timer socket mount "
        "path target network netdev container kube pod volume unit "
        "ign bu butane fcc ks kickstart preseed ipxe pxe seed autoinstall cloudinit cloud-init "
        "cloudconfig cloud-config userdata user-data init upstart nspawn rules cron crontab "
        "dockerfile containerfile earthfile mk make mak just tasks "
        "cue jsonnet libsonnet dhall nix star bzl bazel sky tiltfile rego kcl k pkl bicep ytt "
        "groovy jenkinsfile gradle awk sed jq expect exp nu xsh vars variables "
        "jsonc json5 sls pp epp rake vagrantfile tcl el"
    ),
    Language.HCL: "tf tfvars hcl tofu nomad hcl2",
    Language.JSON: "json",
    Language.APPLICATION: (
        "c cc cpp cxx cs dart ex exs go h hpp java js jsx kt kts lua mjs cjs mts cts php pl pm py "
        "pyi rb rs scala swift ts tsx vue svelte hs elm clj cljs erl hrl lisp scm vb vbs bas zig "
        "proto fs fsx ml mli nim cr d jl r m mm sol astro coffee"
    ),
    Language.DOCUMENT: (
        "md markdown mdx rst adoc asciidoc asc txt text html htm xhtml org tex typ textile wiki "
        "mediawiki pod man 1 5 8 rtf drawio puml plantuml mmd dot excalidraw css scss less "
        "example sample"
    ),
    Language.RECORD: (
        "patch diff rej orig snap golden log out csv tsv ipynb svg xml plist jsonl ndjson har tap "
        "tfstate tfplan sql dump bak backup old disabled off map sarif lcov junit trace approved "
        "received cast sha256 sha256sum sha512 md5 sig asc pem crt spdx cdx sbom"
    ),
    Language.LOCK: "lock sum",
}
_LANGUAGE_OF = {name: language for language, names in _BY_SUFFIX.items() for name in names.split()}

_NAMES: dict[Language, str] = {
    Language.DOCUMENT: (
        "changelog license licence notice readme authors codeowners contributing copying "
        "history maintainers news todo version owners"
    ),
    Language.SCRIPT: (
        "dockerfile containerfile makefile gnumakefile jenkinsfile vagrantfile tiltfile justfile "
        ".justfile earthfile procfile brewfile rakefile gemfile podfile caddyfile corefile "
        "taskfile kptfile build workspace buck user-data meta-data vendor-data network-config "
        "userdata cloud-init cloud-config cloud-init-user-data preseed kickstart autoinstall "
        "crontab .envrc .tool-versions .bashrc .bash_profile .profile .zshrc .zprofile .vimrc "
        ".gitlab-ci .npmrc .gitconfig .gitmodules .editorconfig chart.lock"
    ),
    Language.LOCK: (
        "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml vendir.lock.yml vendir.lock.yaml "
        "jsonnetfile.lock.json aqua-checksums.json .aqua-checksums.json packages.lock.json "
        "yarn.lock go.sum go.work.sum module.bazel.lock kustomization.lock.yaml "
        "conda-lock.yml bun.lockb"
    ),
}
_LANGUAGE_BY_NAME = {name: language for language, names in _NAMES.items() for name in names.split()}
_FIRST_PARTS = (
    "dockerfile containerfile makefile jenkinsfile justfile earthfile procfile vagrantfile "
    "tiltfile .env .envrc .bashrc user-data meta-data cloud-init cloud-config userdata"
)
"""Names of scripts that may have a suffix of any kind: `Dockerfile.build`, `.env.production`."""
_FIRST_PART = frozenset(_FIRST_PARTS.split())

_FORMS = lazy_pattern(r"(?:^|/)\.(?:github|gitlab|gitea|forgejo)/(?:ISSUE|DISCUSSION)_TEMPLATE/")
_STAND_INS = lazy_pattern(r"\.(?:tf|tofu)test\.(?:hcl|json)$")
_LOCKS = lazy_pattern(r"[.-]lock\.(?:json|ya?ml|hcl|toml)$|(?:^|/)npins/sources\.json$")

_SHEBANG = lazy_pattern(
    r"\ufeff?(?:#!|#cloud-config|## template:|MIME-Version:|Content-Type: multi)"
)
_INTERPRETERS = lazy_pattern(r"#!.*\b(python|node|deno|bun|ruby|perl|php|lua|groovy|tsx|ts-node)")
_INTERPRETED = {
    "python": "py", "ruby": "rb", "perl": "pl", "php": "php", "lua": "lua", "groovy": "groovy",
}  # fmt: skip


def suffix_of(path: str) -> str:
    """Return a file's suffix in lower case, with its dot; empty for `.bashrc` and the like."""
    # Asked for every file of a large tree, where pathlib takes longer than reading the file.
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if dot and stem and suffix else ""


def language_of(path: str, text: str = "") -> Language:
    """Return the purpose of a file by its name.

    Args:
        path: the path of the file.
        text: the text of the file. Its first line (`#!…`) counts if the name is not known.
    """
    known = _named(path)
    if known is not None:
        return known
    if not _SHEBANG.match(text):
        return Language.DOCUMENT
    return Language.APPLICATION if _INTERPRETERS.match(text) else Language.SCRIPT


@cache
def _named(path: str) -> Language | None:
    name = path.rpartition("/")[2].lower()
    if name in _LANGUAGE_BY_NAME:
        return _LANGUAGE_BY_NAME[name]
    if _LOCKS.search(path):
        return Language.LOCK
    if _FORMS.search(path) or _STAND_INS.search(path):
        # What people read and fill in, also where it is YAML; a test gives a module samples.
        return Language.DOCUMENT
    inner, layers = _peeled(name)
    suffix = suffix_of(inner)[1:]
    found = _LANGUAGE_OF.get(suffix) or _LANGUAGE_BY_NAME.get(inner)
    if found is None and (_first_part(inner) or layers):
        # A template of something unknown is one of a script: `user-data.tpl`, `bootstrap.tftpl`.
        return Language.SCRIPT
    return found


def _first_part(name: str) -> str:
    return next((part for part in _parts(name) if part in _FIRST_PART), "")


def _parts(name: str) -> Iterable[str]:
    """Yield the beginnings of a name, up to each dot, dash and underscore and up to its end."""
    return (name[: match.start()] for match in re.finditer(r"(?<=.)[._-]|$", name))


def _peeled(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a name without the suffixes of templates, and these suffixes in lower case."""
    layers: list[str] = []
    while (suffix := suffix_of(name)[1:]) in LAYERS:
        layers.append(suffix)
        name = name[: -len(suffix) - 1]
    return name, tuple(layers)


@cache
def _syntax_named(path: str) -> Syntax:
    inner, layers = _peeled(path.rpartition("/")[2].lower())
    suffix = suffix_of(inner)[1:]
    base = SYNTAX_OF.get(suffix) or SYNTAX_OF.get(inner) or SYNTAX_OF.get(_first_part(inner))
    if base is None:
        base = HASH
    marks = dict.fromkeys(pair for layer in layers for pair in LAYERS[layer])
    return layered(base, marks)


def syntax_of(path: str, text: str) -> Syntax:
    """Return how comments are marked in a file.

    Args:
        path: the path of the file.
        text: the text of the file, whose first line and template marks count.
    """
    base = _syntax_named(path)
    if _named(path) is None and (match := _INTERPRETERS.match(text)):
        base = SYNTAX_OF.get(_INTERPRETED.get(match[1], "js"), HASH)
    if suffix_of(path) == ".json":
        base = JSONC
    if not base.templates and is_template(path, text):
        return layered(base, TEMPLATE)
    return base


_SIGNS = lazy_pattern(r"\{\{|\{%|%\{|<%")


def is_template(path: str, text: str) -> bool:
    """Whether a file is a template although its name does not say so.

    It is below a chart's `templates/`, or is YAML or JSON with the marks of a template.
    """
    if "/templates/" in f"/{path}" and "{{" in text:
        return True
    return suffix_of(path) in (".yaml", ".yml", ".json") and _SIGNS.search(text) is not None


_TEMPLATE_OF_YAML = lazy_pattern(r"\.ya?ml\.[a-z0-9]+$")


def is_template_of_yaml(path: str) -> bool:
    """Whether a file's name is that of a template for a YAML file, such as `values.yaml.tftpl`."""
    return _TEMPLATE_OF_YAML.search(path) is not None


# --- tests ---------------------------------------------------------------------------------------

_TESTS = lazy_pattern(
    r"(?:^|/)(?:tests?|testdata|testing|__tests__|specs?|fixtures?|__fixtures__|mocks?|__mocks__|"
    r"testutils?)/|"
    r"(?:^|/)(?:test_[^/]*|conftest)\.\w+$|[._-](?:test|tests|spec)\.\w+$|[a-z0-9](?:Tests?|IT)\."
    r"(?:java|kt|cs|scala|groovy)$"
)


def is_test(path: str) -> bool:
    """Whether the path of a program's source is that of a test or of data for tests."""
    return _TESTS.search(path) is not None
