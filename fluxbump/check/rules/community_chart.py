"""The rule that a chart has the CRDs and images of the release in its appVersion (FB206)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from fluxbump.check.evidence_parts import Absent
from fluxbump.check.rules.rule import Danger, Evidence, NotRun, Outcome, Rule, Trait, cited, needed
from fluxbump.discover.pins import traits
from fluxbump.errors import IndexSourceError
from fluxbump.flux.install_manifest import Shipped
from fluxbump.flux.stored_versions import Crd, CrdVersion
from fluxbump.flux.tables import charts, fields, images
from fluxbump.flux.tables.fields import Field
from fluxbump.model import FLUX2, Finding, Form, Location, Pin, Related, Severity

_CODE = "FB206"
_PINS = (*traits.RECONCILED, *traits.BOOTSTRAP, *traits.CONFIGURED)
_SHOWN = 4  # differences of one chart
_ANYTHING = {"spec": Field(open=True)}
_FLAGS = ("served", "storage", "deprecated")


class _Chart(Struct, frozen=True):
    """A chart that can be compared.

    Attributes:
        pin: the pin of its version.
        path: the path of the chart in the repository; None if it comes from the chart index.
        app_version: the release that it claims to ship.
        contents: the function that reads its CRDs and images.
    """

    pin: Pin
    path: str | None
    app_version: str
    contents: Callable[[], Shipped]


def differs(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the chart has the CRDs and images of the release that it claims (FB206)."""
    exact = [pin for pin in _pins(evidence) if pin.form is Form.EXACT]
    if not exact:
        yield NotRun(_CODE, "no single version of the chart flux2 found")
    for pin in exact:
        yield from _contradicted(pin, evidence)
        chart = _chart(pin, evidence)
        yield from [chart] if isinstance(chart, NotRun) else _compared(chart, evidence)


def _contradicted(pin: Pin, evidence: Evidence) -> Iterator[Finding]:
    """Yield what the index says of a chart, if the community published something else."""
    listed, published = evidence.chart(pin.value), charts.by_version().get(pin.value)
    if listed is None or published is None:
        return
    said = f"the chart index says that flux2 {pin.value}"
    if listed.app_version != published.app_version:
        message = f"{said} ships Flux {listed.app_version}, but it ships {published.app_version}"
        yield Finding(_CODE, Severity.ERROR, f"{message} ({published.told_by})", pin.location)
    # A mirror may pack its own archives. What is at the community's URL is the community's.
    if listed.digest != published.digest and {*listed.urls} & {*published.urls}:
        message = f"{said} has the sha256 {listed.digest}, but at its URL is {published.digest}"
        yield Finding(_CODE, Severity.ERROR, f"{message} ({published.told_by})", pin.location)


def _nothing(evidence: Evidence) -> str | None:
    return None if _pins(evidence) else "no use of the chart flux2 found"


def _pins(evidence: Evidence) -> list[Pin]:
    return [p for p in evidence.inventory.pins if p.track == FLUX2 and p.kind in _PINS]


def _chart(pin: Pin, evidence: Evidence) -> _Chart | NotRun:
    """Return the chart that a pin names, from the repository or else the index."""
    for vendored in evidence.charts.vendored:
        mine = vendored.wrapper == pin.location.path and vendored.version == pin.value
        if mine and not vendored.problem and vendored.contents:
            return _Chart(pin, vendored.path, vendored.app_version, vendored.contents)
    what = f"flux2 {pin.value}"
    fetched = needed(evidence.releases).fetched.get(pin.value)
    if fetched and fetched.contents:
        return _Chart(pin, None, fetched.app_version, fetched.contents)
    if fetched:
        return NotRun(_CODE, f"{what} is not available: {fetched.problem}")
    if isinstance(evidence.index, Absent):
        return NotRun(_CODE, f"{what} is not under charts/, and {evidence.index.reason}")
    if pin.value not in evidence.index:
        return NotRun(_CODE, f"{what} is neither under charts/ nor in the chart index")
    return NotRun(
        _CODE, f"{what} is not under charts/, and its archive is fetched only to be rendered"
    )


def _compared(chart: _Chart, evidence: Evidence) -> Iterator[Outcome]:
    release = chart.app_version.removeprefix("v")
    if release not in evidence.crds:
        why = evidence.why_unknown(release)
        yield NotRun(_CODE, f"what Flux {release} ships is not known{why}")
        return
    try:
        held = chart.contents()
    except IndexSourceError as error:
        yield NotRun(_CODE, str(error))
        return
    manifest = evidence.manifests.get(release)
    if manifest and manifest.source == held.source:
        yield NotRun(_CODE, f"Flux {release} is known from this chart alone")
        return
    shipped = manifest or _tables(release, evidence.crds[release])
    yield from _said(chart, release, list(_differences(held, shipped)), Severity.ERROR)
    yield from _said(chart, release, list(_missing(held, shipped)), Severity.WARNING)


def _tables(release: str, crds: Mapping[str, Crd]) -> Shipped:
    """Return the content of a release as the tables have it."""
    found = {}
    for crd in crds.values():
        for version in crd.versions:
            schema = fields.fields(release, crd.kind, f"{crd.group}/{version.name}")
            if schema:
                found[schema.api_version, crd.kind] = schema.all()
    return Shipped("the tables", crds, found, images.controllers(release))


def _said(chart: _Chart, release: str, what: list[str], severity: Severity) -> Iterator[Finding]:
    if what:
        first, *others = what
        more = f" (and {len(others)} more)" if others else ""
        message = f"flux2 {chart.pin.value} claims to ship Flux {release}, but {first}{more}"
        related = (Related(Location(chart.path, 1), "the chart"),) if chart.path else ()
        rest = (Related(chart.pin.location, f"also {other}") for other in others[:_SHOWN])
        yield Finding(_CODE, severity, message, chart.pin.location, (*related, *rest))


def _missing(held: Shipped, shipped: Shipped) -> Iterator[str]:
    """Yield the CRDs that just one of them has. Without a controller its CRDs are not needed."""
    for name in sorted(shipped.crds.keys() - held.crds.keys()):
        if held.controllers.keys() & _controllers(shipped.crds[name].group):
            yield f"has no CRD {name}"
    for name in sorted(held.crds.keys() - shipped.crds.keys()):
        yield f"has a CRD {name}, which the release has not"


def _controllers(group: str) -> set[str]:
    if group == "source.extensions.fluxcd.io":
        return {"source-watcher"}
    if group == "image.toolkit.fluxcd.io":
        return {"image-reflector-controller", "image-automation-controller"}
    return {f"{group.partition('.')[0]}-controller"}


def _differences(held: Shipped, shipped: Shipped) -> Iterator[str]:
    for name in sorted(held.crds.keys() & shipped.crds.keys()):
        yield from _versions(held.crds[name], shipped.crds[name])
    for api_version, kind in sorted(held.fields.keys() & shipped.fields.keys()):
        schemas = held.fields[api_version, kind], shipped.fields[api_version, kind]
        # A schema that takes anything takes what the release takes.
        if _ANYTHING not in schemas:
            yield from _fields(f"{kind} {api_version.rpartition('/')[2]}", *schemas)
    for name in sorted(held.controllers.keys() & shipped.controllers.keys()):
        ours, theirs = held.controllers[name], shipped.controllers[name]
        if ours != theirs:
            yield f"{name} has the image tag {ours}, not {theirs}"


def _versions(held: Crd, shipped: Crd) -> Iterator[str]:
    if held.names != shipped.names:
        ours, theirs = (" and ".join(sorted(crd.names)) for crd in (held, shipped))
        yield f"{held.kind} has {ours}, not {theirs}"
        return
    entries = {version.name: version for version in shipped.versions}
    for version in held.versions:
        entry = entries[version.name]
        if version != entry:
            yield f"{held.kind} {version.name} is {_flags(version)}, not {_flags(entry)}"


def _flags(version: CrdVersion) -> str:
    return " and ".join(flag for flag in _FLAGS if getattr(version, flag)) or "not served"


def _fields(what: str, held: Mapping[str, Field], shipped: Mapping[str, Field]) -> Iterator[str]:
    for path in sorted(shipped.keys() | held.keys()):
        if path not in held:
            yield f"{what} lacks {path}"
        elif path not in shipped:
            yield f"{what} has {path}, which the release has not"
        elif held[path].type != shipped[path].type:
            yield f"{what} has {path} as {held[path].type or 'anything'}"


RULES = (
    Rule(
        _CODE,
        "chart-and-release-differ",
        Severity.ERROR,
        "The chart holds the CRDs and images of the release that it claims by its appVersion.",
        cited(differs),
        needs=("releases",),
        inapplicable=_nothing,
        traits=frozenset({Trait.SAFETY}),
        danger=Danger.MIXES,
        broken="the chart is not the release that it claims to ship",
    ),
)
