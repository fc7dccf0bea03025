"""Makes the function that renders wrappers, from the helm binary and archives of the index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from fluxbump.check.gather import Renderer
from fluxbump.check.rendering import helm_template
from fluxbump.errors import IndexSourceError
from fluxbump.helm import binary
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.model import Snapshot
from fluxbump.workspace import Session


@contextmanager
def renderer(session: Session[Snapshot], index: ChartIndex | None) -> Iterator[Renderer]:
    """Yield the function that renders wrappers. All its processes end with the block.

    Args:
        session: the session, which has the helm to run and the source of archives.
        index: the chart index; None if it could not be read.
    """
    found = binary.find(session.options.helm)
    known = {str(chart.version): chart for chart in index.releases} if index else {}

    def fetch(version: str) -> bytes:
        if version not in known:
            raise IndexSourceError(f"the chart index has no flux2 {version}")
        return session.index.archive(known[version])

    with ExitStack() as stack:
        yield lambda chart, snapshot, vendored: stack.enter_context(
            helm_template.begin(chart, snapshot, vendored, fetch if known else None, found)
        )
