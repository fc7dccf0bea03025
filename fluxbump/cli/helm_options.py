"""Puts together what renders a wrapper: the helm binary, and archives from the index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from fluxbump.check import helm_template
from fluxbump.check.gather import Renderer
from fluxbump.errors import IndexSourceError
from fluxbump.helm import binary
from fluxbump.model import ChartIndex, IndexSource


@contextmanager
def renderer(path: str | None, source: IndexSource, index: ChartIndex | None) -> Iterator[Renderer]:
    """Give what renders wrappers; what it started has ended when the block is left.

    Args:
        path: the helm to run; None for the one on PATH.
        source: where archives come from.
        index: what `source` offers; None when it could not be read.
    """
    found = binary.find(path)
    known = {str(one.version): one for one in index.releases} if index else {}

    def fetch(version: str) -> bytes:
        if version not in known:
            raise IndexSourceError(f"the chart index has no flux2 {version}")
        return source.archive(known[version])

    with ExitStack() as stack:
        yield lambda chart, snapshot, vendored: stack.enter_context(
            helm_template.begin(chart, snapshot, vendored, fetch if known else None, found)
        )
