"""What the real flux CLI writes, against what fluxbump makes, byte for byte."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fixtures.installs import gotk
from fixtures.installs.gotk import Options
from fluxbump.flux import gotk as manifest
from fluxbump.flux import gotk_options
from fluxbump.flux.flux_cli import Flux
from tests.e2e import flux_cli
from tests.helpers import Cli, repository

OPTIONS = {
    "defaults": Options(),
    "all components": Options(components=(*gotk.DEFAULT, *gotk.EXTRA)),
    "another order": Options(components=("helm-controller", "source-controller")),
    "no events": Options(components=("source-controller", "kustomize-controller")),
    "namespace": Options(namespace="gitops-system"),
    "registry and secret": Options(registry="localhost:5000/flux", image_pull_secret="registry"),
    "tolerations": Options(tolerations=("CriticalAddonsOnly", "node-role.example.org/flux")),
    "no policies": Options(network_policy=False),
    "one namespace": Options(watch_all_namespaces=False, log_level="debug"),
    "domain": Options(cluster_domain="k8s.example.org"),
    "everything": Options(
        components=("notification-controller", "helm-controller", "source-controller"),
        namespace="flux",
        registry="registry.example.org/a/b",
        network_policy=False,
        watch_all_namespaces=False,
        log_level="error",
        image_pull_secret="pull",
        tolerations=("a", "b.example.org/c"),
        cluster_domain="local",
    ),
}
WATCHER = Options(components=(*gotk.DEFAULT, gotk.WATCHER))
CASES = [
    pytest.param(release, told, id=f"{release} {name}")
    for release in flux_cli.SUMS
    for name, told in OPTIONS.items()
] + [pytest.param("2.7.5", WATCHER, id="2.7.5 source-watcher")]


def exported(release: str, told: Options, home: Path) -> str:
    """Return what the CLI writes."""
    done = subprocess.run(
        [flux_cli.need(release), "install", "--export", *told.arguments()],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(("release", "told"), CASES)
def test_the_cli_writes_what_is_made_again(release: str, told: Options, tmp_path: Path) -> None:
    text = exported(release, told, tmp_path)
    held = manifest.read(text)
    every = Options(components=gotk.every_component(release))
    full = manifest.read(exported(release, every, tmp_path))
    assert held is not None
    assert full is not None
    again = gotk_options.reproduce(full, gotk_options.options_of(held))
    assert gotk_options.first_difference(text, again) is None


@pytest.mark.parametrize(("release", "told"), CASES)
def test_the_fixtures_are_what_the_cli_writes(release: str, told: Options, tmp_path: Path) -> None:
    text = exported(release, told, tmp_path)
    assert gotk_options.first_difference(text, gotk.components(release, told)) is None


@pytest.mark.parametrize("release", flux_cli.SUMS)
def test_a_named_cli_is_asked(release: str) -> None:
    chosen = ("helm-controller", "source-controller")
    out, _ = Flux(str(flux_cli.need(release))).export(release, chosen)
    assert out.decode() == gotk.components(release, Options(components=chosen))


def test_a_bump_with_the_clis_of_both_releases(tmp_path: Path, index: Path, cli: Cli) -> None:
    """Each CLI has its own release built in; of any other it would have to load the manifests."""
    old, new = flux_cli.need("2.4.0"), flux_cli.need("2.5.1")
    both = tmp_path / "flux"
    both.write_text(
        f'#!/bin/sh\ncase "$3" in *2.4.0) exec {old} "$@";; *) exec {new} "$@";; esac\n'
    )
    both.chmod(0o755)
    told = OPTIONS["everything"]
    files = gotk.files({"alpha": exported("2.4.0", told, tmp_path)})
    repo = repository(tmp_path / "fleet", files, index)
    result = cli("to", "2.5.1", "--flux", str(both), cwd=repo)
    assert result.code == 0, result.err
    path = "clusters/alpha/flux-system/gotk-components.yaml"
    assert repo.show("fluxbump/flux-2.5.1", path) == exported("2.5.1", told, tmp_path)
