"""Rules about the objects of a wrapper that is rendered with its default values (FB105, FB106).

FB105 requires that the render succeeds and has Flux's four core controllers, with the images of the
release. FB106 refuses objects whose API a fresh cluster lacks. Helm asks the API server for every
kind before it creates the first object, so one such object stops the whole install.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from fluxbump.check.rules.rule import Danger, Evidence, NotRun, Outcome, Render, Rule, needed
from fluxbump.discover import chart_installs
from fluxbump.helm.rendered import RenderedObject
from fluxbump.model import Finding, Location, Related, Severity

CORE = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
)
"""The controllers that every render must have."""

BUILT_IN = frozenset(
    {
        "",  # core
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
"""API groups of Kubernetes itself. Others that end in `k8s.io` come with an add-on."""

FLUX_GROUPS = ("*.toolkit.fluxcd.io", "source.extensions.fluxcd.io")
"""API groups of Flux, which are installed before the wrapper; the last one since 2.7."""

_DEFINITION = "CustomResourceDefinition"


# --- FB105 -----------------------------------------------------------------------------------


def render(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the wrapper renders, and has the release's controllers (FB105)."""
    yield from _not_rendered("FB105", evidence)
    for rendered in needed(evidence.renders):
        if rendered.error is not None:
            yield _refused(evidence, rendered)
        elif rendered.not_run is None:
            yield from _missing(evidence, rendered)
            yield from _tags(evidence, rendered)
        if rendered.schema is not None:
            yield NotRun("FB105", f"{rendered.wrapper}: {rendered.schema}")


def _refused(evidence: Evidence, rendered: Render) -> Finding:
    related = tuple(_blamed(evidence, rendered))
    message = f"does not render with its default values: {rendered.error}"
    return Finding("FB105", Severity.ERROR, message, Location(rendered.wrapper, 1), related)


def _blamed(evidence: Evidence, rendered: Render) -> Iterator[Related]:
    """Yield the place in the template that helm names, if it is one of the wrapper's own."""
    for chart in evidence.inventory.charts:
        if chart.path == rendered.wrapper:
            own = re.compile(rf"(?<![\w/-]){re.escape(chart.name)}/(templates/[^\s:]+)(?::(\d+))?")
            named = own.search(rendered.error or "")
            if named:
                place = Location(f"{chart.directory}{named[1]}", int(named[2] or 1))
                yield Related(place, "helm stopped here")


def _missing(evidence: Evidence, rendered: Render) -> Iterator[Finding]:
    for controller in CORE:
        if not _deployments(rendered, controller):
            message = f"the default render holds no Deployment {controller}"
            yield _at_dependency(evidence, rendered, message)


def _tags(evidence: Evidence, rendered: Render) -> Iterator[Outcome]:
    if not rendered.images:
        reason = "which images the release ships is not known, so their tags were not compared"
        yield NotRun("FB105", f"{rendered.wrapper}: {reason}")
    for controller, tag in sorted(rendered.images.items()):
        for deployment in _deployments(rendered, controller):
            for image in _images(deployment, tag):
                yield from _tag(evidence, rendered, controller, image, tag)


def _tag(
    evidence: Evidence, rendered: Render, controller: str, image: str, tag: str
) -> Iterator[Outcome]:
    held = _split(image)[1]
    if held == tag:
        return
    if not held and "@" in image:
        reason = f"{controller} has a digest and no tag ({image}), so it was not compared"
        yield NotRun("FB105", f"{rendered.wrapper}: {reason}")
        return
    what = f"image {image}" if held else f"image {image or '(none)'}, which has no tag"
    message = f"{controller} is rendered with {what}, but the release ships {tag}"
    yield _at_dependency(evidence, rendered, message)


def _images(deployment: RenderedObject, tag: str) -> Iterable[str]:
    """Return the images that must be the controller's; a sidecar has a name of its own.

    A mirror may call the controller's image something else. Then one of all must have the tag.
    """
    named = [image for image in deployment.images if _split(image)[0] == deployment.name]
    tagged = [image for image in deployment.images if _split(image)[1] == tag]
    return named or tagged or deployment.images or [""]


def _split(image: str) -> tuple[str, str]:
    """Return the last part of an image's name, and its tag without a digest."""
    name, _, tag = image.partition("@")[0].rsplit("/", 1)[-1].partition(":")
    return name, tag


def _deployments(rendered: Render, name: str) -> list[RenderedObject]:
    return [
        found
        for found in rendered.objects
        if found.kind == "Deployment" and _group(found) == "apps" and found.name == name
    ]


def _at_dependency(evidence: Evidence, rendered: Render, message: str) -> Finding:
    """Return an error at the dependency on flux2, or else at the top of the Chart.yaml."""
    dependencies = chart_installs.dependencies(evidence.inventory)
    pin = next((pin for pin in dependencies if pin.location.path == rendered.wrapper), None)
    where = pin.location if pin else Location(rendered.wrapper, 1)
    return Finding("FB105", Severity.ERROR, message, where)


# --- FB106 -----------------------------------------------------------------------------------


def no_foreign_kinds(evidence: Evidence) -> Iterator[Outcome]:
    """Check that the render has no object whose API a fresh cluster lacks (FB106)."""
    yield from _not_rendered("FB106", evidence)
    for rendered in needed(evidence.renders):
        if rendered.error is not None:
            yield NotRun("FB106", f"{rendered.wrapper}: it does not render (FB105)")
        elif rendered.not_run is None:
            yield from dict.fromkeys(_foreign(evidence, rendered))


def _foreign(evidence: Evidence, rendered: Render) -> Iterator[Finding]:
    values = f"{rendered.wrapper.removesuffix('Chart.yaml')}values.yaml"
    toggles = values if values in evidence.inventory.files else rendered.wrapper
    allowed = (*FLUX_GROUPS, *evidence.team.allowed_groups)
    known = BUILT_IN | {_defined(found) for found in rendered.objects if found.kind == _DEFINITION}
    for found in rendered.objects:
        group = _group(found)
        if group not in known and not _matches(group, allowed):
            yield Finding(
                "FB106",
                Severity.ERROR,
                f"the default render holds {found.kind} {found.name} of {group}, an API that a "
                "fresh cluster lacks. Let its toggle default to off",
                Location(toggles, 1),
            )


def _matches(group: str, globs: Collection[str]) -> bool:
    return any(fnmatchcase(group, glob) for glob in globs)


def _group(rendered_object: RenderedObject) -> str:
    """Return the API group of an object; empty for the core group."""
    return rendered_object.api_version.rpartition("/")[0]


def _defined(definition: RenderedObject) -> str:
    """Return the API group of a CRD, whose name is its plural, a dot and the group."""
    return definition.name.partition(".")[2]


# --- both ------------------------------------------------------------------------------------


def _not_rendered(code: str, evidence: Evidence) -> Iterator[NotRun]:
    for rendered in needed(evidence.renders):
        if rendered.not_run is not None:
            yield NotRun(code, f"{rendered.wrapper}: {rendered.not_run}")


RULES = (
    Rule(
        "FB105",
        "render",
        Severity.ERROR,
        "The wrapper renders with its default values, and holds the controllers of its release.",
        render,
        needs=("renders",),
        danger=Danger.STOPS,
        broken="the chart does not render with its controllers",
    ),
    Rule(
        "FB106",
        "no-foreign-kinds",
        Severity.ERROR,
        "The default render holds no object whose API a fresh cluster lacks.",
        no_foreign_kinds,
        needs=("renders",),
        danger=Danger.STOPS,
        broken="the chart renders objects whose API a new cluster lacks",
    ),
)
