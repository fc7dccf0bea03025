"""`fluxbump` with a bug in it: `python -m tests.plant_bug MODULE NAME COMMAND …`.

What MODULE knows as NAME, which may be a method, raises instead of doing its work.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

from fluxbump.cli.app import run


def broken(*_: object, **__: object) -> NoReturn:
    raise TypeError("planted")


if __name__ == "__main__":
    module, name, *arguments = sys.argv[1:]
    holder: object = import_module(module)
    *path, last = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    getattr(holder, last)  # a name that is not there would plant nothing
    setattr(holder, last, broken)
    sys.exit(run(arguments))
