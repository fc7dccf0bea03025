"""`python -m fluxbump`, and the console script."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # A run is short, and what it parses has no cycles: collecting them is time for nothing.
    gc.disable()
    # Looking for plugins of pydantic reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from fluxbump.cli.app import run  # noqa: PLC0415  # so that importing this module is free

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("fluxbump: interrupted; nothing was left half done\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
