"""Lists the marks of comments in each language, and in templates of a language. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from fluxbump.text.syntax.comments import Pair, Syntax

_SLASHES = r"(?<!:)//"  # directly behind a colon it belongs to a URL
_C = Pair(r"/\*", "*/")
_TRIPLE = (Pair('"""', '"""', escapes=True), Pair("'''", "'''", escapes=True))
_BACKTICK = Pair("`", "`", escapes=True)
_MARKUP = Pair("<!--", "-->")
# `{{/*` of Go, `{{!` of Handlebars: a template's comment may stand anywhere, also in a string.
_GO = Pair(r"\{\{-?\s*/\*", "}}", ends_file=False)
_HANDLEBARS = (Pair(r"\{\{~?!--", "}}", ends_file=False), Pair(r"\{\{~?!", "}}", ends_file=False))
_JINJA = Pair(r"(?<!\$)\{#", "#}", ends_file=False)  # `${#x}` is a shell's
_ERB = Pair(r"<%#", "%>", ends_file=False)
TEMPLATE = (_GO, _JINJA, _ERB, *_HANDLEBARS)
"""The marks of all template languages, for a template whose name does not say which it is."""

HASH = Syntax(words=True)
JSONC = Syntax(line=(_SLASHES,), blocks=(_C,), quotes='"')
_SLASH = Syntax(line=(_SLASHES,), blocks=(_C,), quotes="\"'", texts=(*_TRIPLE, _BACKTICK))
_NOT_RAW = Syntax(line=(_SLASHES,), blocks=(_C,), quotes="\"'", texts=_TRIPLE)
_PYTHON = Syntax(line=("#",), quotes="\"'", texts=_TRIPLE, docstrings=True)
_RUBY = Syntax(line=(r"#(?!\{)",), blocks=(Pair("^=begin", "\n=end"),), quotes="\"'")
_SQL = Syntax(line=("--",), blocks=(_C,), quotes="\"'")

_SYNTAXES: dict[Syntax, str] = {
    _SLASH: "js jsx mjs cjs ts tsx mts cts go vue svelte groovy jenkinsfile cue",
    _NOT_RAW: "c cc cpp cs dart h hpp java kt kts php rs scala swift zig proto bicep",
    JSONC: "jsonc json5",
    Syntax(
        line=(_SLASHES, "#"),
        blocks=(_C,),
        quotes="\"'",
        texts=(Pair(r"\|\|\|-?$", "|||"),),
    ): "jsonnet libsonnet",
    Syntax(line=("#",), blocks=(_C,), quotes='"', texts=(Pair("''", "''"),)): "nix",
    Syntax(
        line=("--",),
        blocks=(Pair(r"\{-", "-}", nested=True),),
        quotes='"',
        texts=(Pair("''", "''"),),
    ): "dhall",
    Syntax(line=("--",), blocks=(Pair(r"\{-", "-}", nested=True),), quotes='"'): "hs elm",
    Syntax(
        line=("--",),
        blocks=(Pair(r"--\[\[", "]]"), Pair(r"--\[=\[", "]=]")),
        quotes="\"'",
        texts=(Pair(r"\[\[", "]]"), Pair(r"\[=\[", "]=]")),
    ): "lua",
    _SQL: "sql",
    _PYTHON: "py pyi star bzl bazel sky tiltfile",
    Syntax(line=("#",), quotes="\"'", texts=_TRIPLE): "toml ex exs kcl k",
    Syntax(line=("#",), quotes='"', texts=(Pair("`", "`"),)): "rego",
    _RUBY: "rb rake vagrantfile gemfile rakefile podfile brewfile",
    Syntax(words=True, blocks=(Pair("^=(?:pod|head[1-4]|begin)", "\n=cut"),)): "pl pm",
    Syntax(line=(";",), quotes='"'): "clj cljs el lisp scm",
    Syntax(line=("%",), quotes='"'): "erl hrl",
    Syntax(line=("'", r"^[ \t]*rem\b"), quotes='"'): "vb vbs bas",
    Syntax(line=(r"^[ \t]*@?rem\b", r"^[ \t]*::")): "bat cmd",
    Syntax(words=True, blocks=(Pair("<#", "#>"),)): "ps1 psm1 psd1",
    Syntax(line=(r'^[ \t]*"',)): "vim vimrc",
    Syntax(words=True, line=(r"(?:^|(?<=[ \t]));",), quotes='"'): "ini",
    Syntax(words=True, line=(r"^[ \t]*[;!]",)): (
        "cfg cnf conf config service timer socket mount path target properties desktop network "
        "netdev container kube pod volume editorconfig gitconfig npmrc gitmodules"
    ),
    Syntax(blocks=(_MARKUP,)): "xml xsl md markdown mdx html htm svg plist",
    Syntax(line=(r"^[ \t]*\.\.[ \t]",)): "rst",
    Syntax(line=("^//",), blocks=(Pair("^////$", "\n////"),)): "adoc asciidoc asc",
}
SYNTAX_OF = {name: syntax for syntax, names in _SYNTAXES.items() for name in names.split()}
"""The syntax of a file, by its suffix or by its name."""


LAYERS: dict[str, tuple[Pair, ...]] = {
    "tpl": (_GO, _JINJA),
    "tmpl": (_GO, _JINJA),
    "template": (_GO, _JINJA),
    "gotmpl": (_GO,),
    "gotpl": (_GO,),
    "gtpl": (_GO,),
    "ctmpl": (_GO,),
    "tftpl": (),
    "j2": (_JINJA,),
    "jinja": (_JINJA,),
    "jinja2": (_JINJA,),
    "erb": (_ERB,),
    "hbs": _HANDLEBARS,
    "handlebars": _HANDLEBARS,
    "mustache": _HANDLEBARS,
    **dict.fromkeys(("dist", "in", "inc", "default", "local"), ()),
}
"""The comments in templates, by the template's suffix.

The name before the suffix tells the language of the output.
"""


def layered(base: Syntax, marks: Iterable[Pair]) -> Syntax:
    """Return a syntax that has the comments of templates too."""
    return replace(base, templates=tuple(marks))
