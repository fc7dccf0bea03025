"""`--metrics FILE`: what a run or a fleet came to, as Prometheus' own library reads it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fluxbump.fleet.metrics import RepositoryMetrics, of_run, text
from fluxbump.fleet.repositories import FleetOutcome
from fluxbump.system import atomic_write
from tests.helpers import Cli, Repo

NOW = datetime(2025, 9, 8, 12, tzinfo=UTC)
PUBLISHED = datetime(2025, 9, 7, 12, tzinfo=UTC)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(content: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(content)
        for sample in family.samples
    }


def outcomes(samples: Samples, repository: str) -> list[str]:
    """The outcomes that hold; all of them have to be there."""
    found = {
        dict(labels)["outcome"]: value
        for (name, labels), value in samples.items()
        if name == "fluxbump_outcome" and dict(labels)["repository"] == repository
    }
    assert found.keys() == {outcome.value for outcome in FleetOutcome}
    return [outcome for outcome, value in found.items() if value == 1.0]


def gap(samples: Samples, repository: str) -> float | None:
    return samples.get(("fluxbump_gap_age_seconds", (("repository", repository),)))


def test_the_text_is_what_prometheus_reads() -> None:
    samples = read(
        text(
            of_run(
                [
                    RepositoryMetrics("behind", FleetOutcome.UPDATE, PUBLISHED),
                    RepositoryMetrics("there", FleetOutcome.UP_TO_DATE),
                    RepositoryMetrics("undated", FleetOutcome.UPDATE),
                    RepositoryMetrics("blocked", FleetOutcome.BLOCKED),
                    RepositoryMetrics(
                        "early", FleetOutcome.UPDATE, datetime(2025, 9, 9, tzinfo=UTC)
                    ),
                ],
                NOW,
                12.5,
            )
        )
    )
    assert outcomes(samples, "behind") == ["update-available"]
    assert outcomes(samples, "blocked") == ["blocked"]
    assert gap(samples, "behind") == 86_400
    assert gap(samples, "there") == 0
    assert gap(samples, "undated") is None
    assert gap(samples, "blocked") is None, "not known is not 0"
    assert gap(samples, "early") == 0
    assert samples["fluxbump_duration_seconds", ()] == 12.5
    assert samples["fluxbump_last_run_timestamp_seconds", ()] == 1757332800


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\\nb", "ü{x}"])
def test_any_name_is_a_label(name: str) -> None:
    samples = read(text(of_run([RepositoryMetrics(name, FleetOutcome.FAILED)], NOW, 1)))
    assert outcomes(samples, name) == ["failed"]


def test_a_repository_that_is_behind(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.commit({"fluxbump.yaml": "run: {release_notes: null}\n"})
    file = tmp_path / "fluxbump.prom"
    done = cli("run", "--dry-run", "--quiet", "--metrics", str(file), cwd=repo)
    assert done.code == 0, done.err
    samples = read(file.read_text())
    assert outcomes(samples, "aligned") == ["update-available"]
    # Flux 2.8.5 is the goal; its chart is of 2026-04-15. What is proposed first is older.
    age = gap(samples, "aligned")
    ended = samples["fluxbump_last_run_timestamp_seconds", ()]
    assert age is not None
    assert datetime.fromtimestamp(ended - age, UTC).date().isoformat() == "2026-04-15"
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_run_that_fails_says_so(tmp_path: Path, cli: Cli) -> None:
    file = tmp_path / "fluxbump.prom"
    file.write_text("of an earlier run\n")
    done = cli("run", "--repo", str(tmp_path / "nowhere"), "--metrics", str(file))
    assert done.code != 0
    assert outcomes(read(file.read_text()), "nowhere") == ["failed"]


def test_a_file_that_cannot_be_written_is_no_error(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.commit({"fluxbump.yaml": "run: {release_notes: null}\n"})
    where = tmp_path / "none" / "fluxbump.prom"
    for quiet in ((), ("--quiet",)):
        done = cli("run", "--dry-run", "--metrics", str(where), *quiet, cwd=repo)
        assert done.code == 0, done.err
        assert f"{where}: the metrics cannot be written: No such file or directory" in done.err


def test_a_fleet(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"fluxbump.yaml": "run: {release_notes: null}\n"})
    (tmp_path / "fleet.yaml").write_text(f"repositories: [{repo.path}, {tmp_path}/nowhere]\n")
    file, state = tmp_path / "fluxbump.prom", tmp_path / "state.jsonl"
    for _ in range(2):  # the second time, the first repository's result is read from the state
        done = subprocess.run(
            repo.command("fleet", "fleet.yaml", "--dry-run", "--metrics", str(file),
                         "--resume", str(state)),
            cwd=tmp_path, env=repo.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        samples = read(file.read_text())
        assert outcomes(samples, "aligned") == ["update-available"]
        assert outcomes(samples, "nowhere") == ["failed"]
        age = gap(samples, "aligned")
        ended = samples["fluxbump_last_run_timestamp_seconds", ()]
        assert age is not None
        assert datetime.fromtimestamp(ended - age, UTC).date().isoformat() == "2026-04-15"
        assert gap(samples, "nowhere") is None
        file.unlink()


def test_the_old_file_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "fluxbump.prom"
    atomic_write.write(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic_write.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["fluxbump.prom"]
