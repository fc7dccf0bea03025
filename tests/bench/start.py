"""Starts a checkout of fluxbump, all of it or without one of the things that are for speed alone.

    python tests/bench/start.py CHECKOUT WITHOUT WORD...

`make bench` runs it in an interpreter of its own, for the checkout of this commit and for that of
`BASE`. `WITHOUT` is a name of `WITHOUT`, or `nothing`.
"""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from typing import Any


def _compose(text: str, budget: Any) -> Any:
    return import_module("fluxbump.text.yaml_parser").compose(text, budget)


WITHOUT: dict[str, tuple[str, str, Any]] = {
    "patterns compiled when used": ("fluxbump.text.patterns", "lazy_pattern", re.compile),
    "what was parsed": (
        "fluxbump.text.yaml", "_parsed.compose", _compose,
    ),
    "forks": (
        "fluxbump.system.process_pool", "among_processes", lambda work, items: [work(items)],
    ),
    "quick parameters": ("fluxbump.cli.shell.quick_parameters", "_QUICK", {}),
    "no collection of cycles": ("gc", "disable", lambda: None),
    "leaving at once": ("fluxbump.__main__", "_leave", sys.exit),
    "searches side by side": ("fluxbump.git.objects", "_LARGE", sys.maxsize),
}  # fmt: skip
"""What is for speed alone, and what takes its place: a module, a name in it, and a value."""


def _go_without(thing: str) -> None:
    module, path, value = WITHOUT[thing]
    *above, name = path.split(".")
    place: Any = import_module(module)
    for step in above:
        place = getattr(place, step)
    setattr(place, name, value)


if __name__ == "__main__":
    checkout, without, *words = sys.argv[1:]
    sys.path[0] = checkout
    # `main` sets it too, but a module that goes without something may be loaded before.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if without != "nothing":
        _go_without(without)
    sys.argv = ["fluxbump", *words]
    import_module("fluxbump.__main__").main()
