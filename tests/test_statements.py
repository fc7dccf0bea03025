"""What texts say of the present: found where it is not so, and nowhere else (FB120).

The repository is at Flux 2.4.0, flux2 2.14.1 and bp-flux 1.1.2.
"""

from __future__ import annotations

import pytest

from fluxbump.check.check import examine, judge
from fluxbump.config.settings import Settings
from tests import linear
from tests.helpers import chart_index, small, snapshot


def places(files: dict[str, str]) -> list[str]:
    examined = examine(snapshot(small(**files)), Settings(), chart_index())
    found = judge(examined, ("FB120",)).findings
    return [f"{one.location}: {one.message}" for one in found if one.location.path in files]


FALSE_NOW = [
    # lines of releases
    ("We run Flux v2.3 on all clusters.\n", 1, "flux is 2.3 now, but it is 2.4.0"),
    ("We use Flux 2.3.x for everything.\n", 1, "flux is 2.3"),
    ("All clusters run Flux v2.3.\n", 1, "flux is 2.3"),
    ("We're on Flux v2.5.\n", 1, "flux is 2.5"),
    ("Our clusters are on bp-flux 1.0.\n", 1, "bp-flux is 1.0 now, but it is 1.1.2"),
    # full versions
    ("We pin Flux v2.3.0 because the two installs have to agree.\n", 1, "flux is 2.3.0"),
    ("Flux is pinned to v2.3.0.\n", 1, "flux is 2.3.0"),
    ("The `flux2` chart is pinned at `2.13.0`.\n", 1, "flux2 is 2.13.0 now, but it is 2.14.1"),
    ("Cloud-init installs Flux v2.3.0, then the HelmRelease takes over.\n", 1, "flux is 2.3.0"),
    ("bp-flux uses the flux2 chart 2.13.0.\n", 1, "flux2 is 2.13.0"),
    ("Every cluster currently runs **Flux v2.3.0**.\n", 1, "flux is 2.3.0"),
    ("The current Flux version is 2.3.0.\n", 1, "flux is 2.3.0"),
    ("Flux v2.3.0 is what we run.\n", 1, "flux is 2.3.0"),
    ("Flux v2.3.0 is installed by cloud-init.\n", 1, "flux is 2.3.0"),
    ("bp-flux is at 1.1.1 now.\n", 1, "bp-flux is 1.1.1"),
    ("Today we use version 2.3.0 of Flux.\n", 1, "flux is 2.3.0"),
    ("We run [Flux v2.3.0](https://github.com/fluxcd/flux2/releases/tag/v2.3.0).\n", 1, "2.3.0"),
    ("We run Flux v2.3 and Kubernetes 1.31 on Talos.\n", 1, "flux is 2.3"),
    ("# Platform\n\n- k3s v1.31.4\n- Our clusters run Flux v2.3\n- Cilium 1.16\n", 4, "2.3"),
    ("Text.\n\nIn production we run\nFlux v2.3.0 on\nall nodes.\n", 4, "flux is 2.3.0"),
    (
        "Others may well be at the version that bp-flux has today (1.1.1 is\nalso bp-gitea).\n",
        1,
        "bp-flux is 1.1.1 now, but it is 1.1.2",
    ),
    # mapping tables
    (
        "| Flux | `flux2` chart |\n|---|---|\n| v2.4.0 | 2.14.1 |\n| v2.2.3 | 2.13.0 |\n",
        4,
        "pairs flux2 2.13.0 with Flux 2.2.3, but that chart ships 2.3.0",
    ),
    ("Pairs:\n\n    v2.3.0 -> flux2 2.14.1 -> appVersion 2.3.0\n", 3, "that chart ships 2.4.0"),
    (
        "v2.4.0 -> flux2 2.13.0 -> appVersion 2.4.0  <- CURRENT\n",
        1,
        "pairs flux2 2.13.0 with Flux 2.4.0, but that chart ships 2.3.0",
    ),
]

NO_FINDING = [
    # what is so
    "We run Flux v2.4 on all clusters.\n",
    "Flux is pinned to v2.4.0.\n",
    "We use Flux 2.4.x and the flux2 chart 2.14.\n",
    "flux2 is currently 2.14.1.\n",
    # the past
    "Since Flux 2.3.0 we run the notification-controller in its own namespace.\n",
    "Introduced in Flux 2.3, and we use it now.\n",
    "Before Flux 2.3 we used a shell script.\n",
    "We upgraded from Flux 2.2 to 2.3 and run it now.\n",
    "The leak is fixed in Flux 2.3.0; we run a newer one.\n",
    "Until Flux v2.3.0 this was broken.\n",
    "On 2026-04-29 the cluster was running Flux 2.3.0.\n",
    "In 2024 we run Flux v2.3.\n",
    "At that time we ran Flux 2.3.0.\n",
    "With bp-flux 1.1.0 this line still said v2.3.0, and the two happened to agree.\n",
    "We moved to Flux v2.3.0 and are pinned to it.\n",
    "Old clusters use Flux v2.3.\n",
    "We used Flux v2.3.\n",
    "Cloud-init installed Flux 2.3.0.\n",
    "Others are at the version that bp-flux has today (1.1.1 was bp-gitea's).\n",
    "Others are at the version that bp-flux has today (1.1.1 or 1.1.2).\n",
    "Others are at the version that bp-flux had then (1.1.1).\n",
    "Others are at the version that bp-flux has today (1.1.2 is also bp-gitea).\n",
    "## History\n\nOthers are at the version that bp-flux has today (1.1.1).\n",
    "A chart that bp-flux has now (`bp-gitea 1.1.1`) stays.\n",
    # conditions, examples, what others need
    "This chart requires Flux >= 2.3 and uses it.\n",
    "Requires Flux v2.3 or newer.\n",
    "We use Flux 2.3+ features.\n",
    "If a cluster runs Flux 2.3.0, upgrade it.\n",
    "For example: we run Flux 2.3.0.\n",
    "A chart that uses Flux ~2.3 is fine.\n",
    "We tested it with Flux 2.3.0.\n",
    "Kubernetes 1.31 is supported by Flux 2.3 now.\n",
    # what a release does stays true
    "Flux 2.3 now supports signed artifacts.\n",
    "We now use the OCIRepository API of Flux 2.3.\n",
    "Cloud-init installs Flux 2.3 CRDs which lack v1.\n",
    "Flux 2.3.0 installs six controllers.\n",
    "Chart flux2 2.13.0 installs Flux 2.3.0.\n",
    "Flux 2.3.0\n",
    # several versions, other products
    "Flux 2.3.0 now, 2.2.3 there.\n",
    "We run Flux, Kubernetes 1.31.2 and Helm 3.17.3.\n",
    "flux-operator is at 0.12.0 now.\n",
    "We use Flux Operator 0.12.0 and the flux CLI 2.3.0.\n",
    "We use Flux v1.25.4 no more.\n",
    "We now use Gitea 2.3.0 beside Flux.\n",
    "uses: fluxcd/flux2/action@v2.3.0\n",
    "Currently https://github.com/fluxcd/flux2/blob/v2.3.0/README.md tells more.\n",
    "We use Flux: 2.3 GB of memory are enough.\n",
    # sections and logs
    "# x\n\n## History\n\n### Spring\n\nWe run Flux v2.3.0.\n",
    "## Incident\n\nEvery node runs Flux v2.3.0.\n",
    "We run Flux 2.1.\n\nWe run Flux 2.2.\n\nWe run Flux 2.3.\n",
    # tables
    "| Flux | flux2 chart |\n|---|---|\n| v2.4.0 | 2.14.1 |\n| v2.3.0 | 2.13.0 |\n",
    "| Flux | Kubernetes |\n|---|---|\n| 2.3.0 | 2.14.1 |\n",
    "| v2.4.0 | 2.14.1 |\n| 2026-04-29: v2.4.0 | 2.13.0 |\n",
    "v2.4.0 -> flux2 9.9.9 -> appVersion 2.4.0\n",
]


READ = "\nSee the wrapper of flux2 in chart/.\n"
"""What the search of the tree looks for, so that the file is read at all."""


@pytest.mark.parametrize(("text", "line", "said"), FALSE_NOW)
def test_what_is_not_so_is_found(text: str, line: int, said: str) -> None:
    (found,) = places({"README.md": text + READ})
    assert found.startswith(f"README.md:{line}: ")
    assert said in found


@pytest.mark.parametrize("text", NO_FINDING)
def test_what_is_so_or_was_is_left_alone(text: str) -> None:
    assert places({"README.md": text + READ}) == []


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("a.yaml", "# We run Flux v2.3.0.\nx: y\n", 1),
        ("a.yaml", 'x: "we run Flux v2.3.0"\n', 0),
        ("a.tf", "// cloud-init installs\n// Flux v2.3.0.\n", 1),
        ("a.go", "// We run Flux v2.3.0.\nvar x = 1\n", 1),
        ("a.go", 'var x = "we run Flux v2.3.0"\n', 0),
        ("a.patch", "We run Flux v2.3.0.\n", 0),
        ("CHANGELOG.md", "We run Flux v2.3.0.\n", 0),
        ("docs/HISTORY.rst", "We run Flux v2.3.0.\n", 0),
        ("docs/release-notes/may.md", "We run Flux v2.3.0.\n", 0),
        ("docs/adr/0007-flux.md", "We run Flux v2.3.0.\n", 0),
        ("docs/decisions/flux.md", "We run Flux v2.3.0.\n", 0),
        ("docs/postmortems/flux.md", "We run Flux v2.3.0.\n", 0),
        ("docs/incident-12.md", "We run Flux v2.3.0.\n", 0),
        ("docs/incidents/a.md", "v2.3.0 -> flux2 2.14.1 -> appVersion 2.3.0\n", 0),
        ("releases/README.md", "We run Flux v2.3.0.\n", 1),
    ],
)
def test_the_file_counts(path: str, text: str, count: int) -> None:
    assert len(places({path: text})) == count


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        ("flux2 bp-flux ", "now 2.13.0 "),
        ("", "we run flux2 2.13.0 "),
        ("flux2\n", "flux now\n\n    # is "),
        ("", "flux2 | 2.13.0 -> "),
        ("", "we run flux2 2.13.0\n"),
    ],
)
def test_work_grows_with_the_text(head: str, unit: str) -> None:
    linear.assert_linear(
        lambda text: places({"README.md": text}), lambda times: head + unit * times + "\n", 1_000
    )


def test_a_chart_without_a_name_is_called_nothing() -> None:
    nameless = (
        "apiVersion: v2\nname:\nversion: 1.1.2\ndependencies:\n  - name: flux2\n"
        '    version: "2.14.1"\n    repository: https://fluxcd-community.github.io/helm-charts\n'
    )
    said = places({"charts/p/Chart.yaml": nameless, "README.md": "We run Flux v2.3.\n"})
    assert said == ["README.md:1: says that flux is 2.3 now, but it is 2.4.0"]


def test_a_marked_row_is_compared_with_what_is_pinned() -> None:
    row = "v2.3.0 -> flux2 2.13.0 -> appVersion 2.3.0  <- CURRENT\n"
    files = {"Makefile": "install:\n\tflux install --version=v2.4.0\n", "README.md": row}
    examined = examine(snapshot(files), Settings(), chart_index())
    assert [finding.message for finding in judge(examined, ("FB120",)).findings] == [
        "marks Flux 2.3.0 (flux2 2.13.0) as current, but the pins hold Flux 2.4.0"
    ]
