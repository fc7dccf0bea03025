"""What kinds of pin are to those who judge, plan or report: sets of their names, by meaning.

Whoever asks names what it needs to know of a pin, never its kind; so a new kind that is the same
thing is one word here. Kinds import nothing of this.
"""

from __future__ import annotations

WRAPPED = frozenset({"chart-dependency"})
"""A chart lists the chart under its dependencies: it is exact, and helm locks it."""

INSTALL_URL = frozenset({"install-url"})
"""The URL of the manifest that installs Flux, as a script applies it."""

HELM_RELEASE = frozenset({"helm-release"})
"""An object for helm-controller, which has to run before what it names comes about."""

MIRROR = frozenset({"values-mirror"})
"""Values of a wrapper repeat the version of its dependency."""

OWN_VERSION = frozenset({"chart-version"})
"""A chart's own version."""

APP_VERSION = frozenset({"app-version"})
"""A chart's appVersion, which may repeat the release."""

REPEATS_CHART = frozenset({"blueprint", "chart-reader"})
"""Repeats the version of a chart of this repository."""

CONTROLLER_IMAGE = frozenset({"controller-image"})
"""The image of one controller; its tag belongs to a release."""

BOOTSTRAPPED = frozenset({"gotk-components"})
"""What `flux bootstrap` commits: one file for each cluster."""

COPIED_MANIFEST = frozenset({"install-manifest"})
"""A copy of the manifest of a release."""

WHOLE_MANIFEST = BOOTSTRAPPED | COPIED_MANIFEST
"""A whole file that Flux writes, which is made again for another release."""

TAG_URL = frozenset(
    {"install-url", "kustomize-remote", "schema-url", "controller-url", "flux-repository"}
)
"""A URL with the tag of a release, which begins with v."""

ACTION = frozenset({"flux-action"})
"""The action that installs the flux CLI, by a tag of flux2."""

CLI_FILE = frozenset({"flux-cli"})
"""A file or an image of the flux CLI, as Flux publishes it."""

LISTED = frozenset({"flux-cli", "schema-url"})
"""A URL of one file of a release, of which a catalog of a tool manager lists each release."""

ONE_RELEASE = frozenset({"install-url", "kustomize-remote", "variable"})
"""Has to hold one release: what it names is taken as it is."""

BOOTSTRAP = (
    *("helm-command", "terraform", "ansible-helm", "helm-call", "helmfile", "chart-remark"),
)
"""A chart that somebody or something installs once; GitOps then takes over."""

RECONCILED = (
    *("chart-dependency", "helm-release", "crossplane", "argocd", "kustomize-helm"),
    "chart-entry",
)
"""A chart that a controller brings about again and again."""

CONFIGURED = frozenset({"custom"})
"""What a team adds in its configuration."""

VARIABLE = frozenset({"variable"})
"""A variable that something else takes its version from."""

ARCHIVE = frozenset({"chart-archive"})
"""The URL of a chart's archive, which has the version twice."""

MODULE = frozenset({"go-module"})
"""A module of a program, which may hold a release in another form."""

DIGEST = frozenset({"digest"})
"""A digest of what a release publishes: only what is published tells a wrong one."""

ALIGNED = INSTALL_URL | WRAPPED
"""A bump moves them together only if it is told to, where they disagree."""

TAKES_RANGE = frozenset(
    {"flux-instance", "flux-manifests", "embedded-manifest", "kustomize-override"}
)
"""Its reader takes a range of releases; a URL has no such tag."""

CHART_OBJECT = frozenset({"helm-release", "embedded-manifest"})
"""An object that names a chart, or what is embedded in one."""

RELEASE_OBJECT = frozenset({"flux-instance", "flux-manifests"})
"""An object that holds a release of Flux, and no chart."""
