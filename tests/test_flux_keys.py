"""Keys of YAML that say that the version below them is one of Flux, or of its chart."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxbump.discover.mentions import flux_keys
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, repository, script, wrapper

SCHEMA = """\
operators:
  properties:
    flux:
      properties:
        version:
          default: "2.14.1"
    podinfo:
      properties:
        version: {default: 6.0.0}
"""


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("flux:\n  version: 2.14.1\n", True),
        ("a:\n  fluxcd:\n    b:\n      - version: 2.14.1\n", True),
        ("a:\n  flux_chart:\n    version: 2.14.1\n", True),
        ("a:\n  fluxChart:\n    version: 2.14.1\n", True),
        ("a:\n  FLUXCD:\n    version: 2.14.1\n", True),
        ("a:\n  fluxional:\n    version: 2.14.1\n", False),
        ("a:\n  - flux2:\n      version: 2.14.1\n", True),
        ("influx:\n  version: 2.14.1\n", False),
        ("flux:\n  version: 1\nother:\n  version: 2.14.1\n", False),
        ("flux:\n  version: 1\nversion: 2.14.1\n", False),
        (SCHEMA, True),
        ("flux:\n" + "  a: 1\n" * 250 + "  version: 2.14.1\n", False),
    ],
)
def test_which_keys_name_flux(text: str, below: bool) -> None:
    assert flux_keys.encloses(TextFile("a.yaml", text), text.index("2.14.1")) is below


def test_a_default_that_stays_behind_is_named(tmp_path: Path, index: Path, cli: Cli) -> None:
    files = {
        "charts/bp-flux/Chart.yaml": wrapper(),
        "api/definition.yaml": SCHEMA,
        "api/other.yaml": SCHEMA.replace("flux:", "redis:"),
    }
    repo = repository(tmp_path / "r", files, index)
    said = cli("to", "2.5.1", "--dry-run", cwd=repo).out
    assert '  api/definition.yaml:6  [flux2 2.14.1] default: "2.14.1"\n' in said
    assert "api/other.yaml" not in said
    repo = repository(tmp_path / "s", {"a.sh": script("2.4.0"), "b.yaml": "redis: 2.4.0\n"}, index)
    assert "b.yaml" not in cli("to", "2.5.1", "--dry-run", cwd=repo).out
