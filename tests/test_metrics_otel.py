"""`--metrics otel:`: the same metrics through the SDK of OpenTelemetry, to a real HTTP server."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk.metrics.export import Gauge, InMemoryMetricReader, NumberDataPoint

from fluxbump.errors import OutputError
from fluxbump.fleet import otel
from fluxbump.fleet.metrics import Metric, RepositoryMetrics, Sample, of_run
from fluxbump.fleet.repositories import FleetOutcome
from tests.helpers import Repo
from tests.web_server import Answer, WebServer

NOW = datetime(2025, 9, 8, 12, tzinfo=UTC)
PUBLISHED = datetime(2025, 9, 7, 12, tzinfo=UTC)
RUN = of_run(
    [
        RepositoryMetrics("behind", FleetOutcome.UPDATE, PUBLISHED),
        RepositoryMetrics("blocked", FleetOutcome.BLOCKED),
    ],
    NOW,
    12.5,
)
Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def held(reader: InMemoryMetricReader) -> tuple[Values, dict[str, str]]:
    """What a reader holds, and the units."""
    data = reader.get_metrics_data()
    assert data is not None
    values: Values = {}
    units = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        units[metric.name] = metric.unit or ""
        assert isinstance(metric.data, Gauge)
        for point in metric.data.data_points:
            assert isinstance(point, NumberDataPoint)
            labels = {key: str(value) for key, value in (point.attributes or {}).items()}
            values[metric.name, tuple(sorted(labels.items()))] = point.value
    return values, units


def sent(body: bytes) -> tuple[Values, dict[str, str]]:
    """What a collector got: the values, and who sent them."""
    resource = ExportMetricsServiceRequest.FromString(body).resource_metrics[0]
    values: Values = {}
    for metric in resource.scope_metrics[0].metrics:
        for point in metric.gauge.data_points:
            labels = {pair.key: pair.value.string_value for pair in point.attributes}
            values[metric.name, tuple(sorted(labels.items()))] = point.as_double
    who = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    return values, who


def holding(values: Values, repository: str) -> list[str]:
    """The outcomes that hold; all of them have to be there."""
    found = {
        dict(labels)["outcome"]: value
        for (name, labels), value in values.items()
        if name == "fluxbump_outcome" and dict(labels)["repository"] == repository
    }
    assert found.keys() == {outcome.value for outcome in FleetOutcome}
    return [outcome for outcome, value in found.items() if value == 1.0]


def test_the_sdk_holds_the_same_values_under_the_same_names() -> None:
    values, units = held(otel.reader_of(RUN))
    assert holding(values, "behind") == ["update-available"]
    assert holding(values, "blocked") == ["blocked"]
    gaps = {labels: value for (name, labels), value in values.items() if "gap" in name}
    assert gaps == {(("repository", "behind"),): 86_400}
    assert values["fluxbump_duration_seconds", ()] == 12.5
    assert values["fluxbump_last_run_timestamp_seconds", ()] == 1757332800
    # A collector would put the unit "1" into the name, as `_ratio`.
    assert units == {
        "fluxbump_outcome": "",
        "fluxbump_gap_age_seconds": "s",
        "fluxbump_duration_seconds": "s",
        "fluxbump_last_run_timestamp_seconds": "s",
    }


def test_a_large_fleet_is_sent_whole() -> None:
    """The SDK folds what is beyond 2000 sets of labels into one, unless it is told otherwise."""
    samples = tuple(Sample({"repository": str(number)}, number) for number in range(5000))
    values, _ = held(otel.reader_of((Metric("fluxbump_outcome", "Help.", "", samples),)))
    assert len(values) == 5000
    assert values["fluxbump_outcome", (("repository", "4999"),)] == 4999


def run(repo: Repo, **environment: str) -> subprocess.CompletedProcess[str]:
    repo.commit({"fluxbump.yaml": "run: {release_notes: null}\n"})
    return subprocess.run(
        repo.command("run", "--dry-run", "--metrics", "otel:"),
        cwd=repo.path, env=repo.environment(**environment),
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "service"),
    [({}, "fluxbump"), ({"OTEL_SERVICE_NAME": "flux-updates"}, "flux-updates")],
    ids=["plain", "named"],
)
def test_a_run_is_sent_where_the_environment_says(
    repo: Repo, more: Mapping[str, str], service: str
) -> None:
    with WebServer() as server:
        server.serve("/in/v1/metrics", Answer())
        done = run(
            repo, OTEL_EXPORTER_OTLP_ENDPOINT=server.url("/in"),
            OTEL_EXPORTER_OTLP_HEADERS="x-tenant=platform",
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test", **more,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "metrics" not in done.stderr
    (request,) = server.requests
    assert request.method == "POST"
    assert request.headers["x-tenant"] == "platform"
    values, who = sent(request.body)
    assert holding(values, "aligned") == ["update-available"]
    age = values["fluxbump_gap_age_seconds", (("repository", "aligned"),)]
    ended = values["fluxbump_last_run_timestamp_seconds", ()]
    assert datetime.fromtimestamp(ended - age, UTC).date().isoformat() == "2026-04-15"
    assert ("fluxbump_duration_seconds", ()) in values
    assert who["service.name"] == service
    assert who["deployment.environment.name"] == "test"


def test_a_fleet_is_sent_once(repo: Repo) -> None:
    (repo.path.parent / "fleet.yaml").write_text(f"repositories: [{repo.path}, ./nowhere]\n")
    repo.commit({"fluxbump.yaml": "run: {release_notes: null}\n"})
    with WebServer() as server:
        server.serve("/v1/metrics", Answer())
        done = subprocess.run(
            repo.command("fleet", "fleet.yaml", "--dry-run", "--metrics", "otel:"),
            cwd=repo.path.parent, capture_output=True, text=True, check=False,
            env=repo.environment(OTEL_EXPORTER_OTLP_ENDPOINT=server.url("")),
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (request,) = server.requests
    values, _ = sent(request.body)
    assert holding(values, "aligned") == ["update-available"]
    assert holding(values, "nowhere") == ["failed"]


def test_a_collector_that_refuses_is_told_and_no_error(repo: Repo) -> None:
    with WebServer() as server:
        server.serve("/v1/metrics", Answer(status=401))
        done = run(repo, OTEL_EXPORTER_OTLP_ENDPOINT=server.url(""))
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "metrics" in line]
    assert line.startswith(
        "fluxbump: otel: the metrics cannot be sent: the collector did not take them: "
    )
    assert "401" in line


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "unsupported OTLP protocol grpc: use http/protobuf",
        ),
        ({"OTEL_SDK_DISABLED": "true"}, "the SDK is disabled by OTEL_SDK_DISABLED"),
        (
            {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem"},
            "/nowhere/ca.pem",
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            },
            "the collector did not take them",
        ),
    ],
    ids=["protocol", "disabled", "certificate", "nobody listens"],
)
def test_whatever_is_wrong_is_told_and_no_error(
    repo: Repo, environment: Mapping[str, str], reason: str
) -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:9"}
    done = run(repo, **{**endpoint, **environment})
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "metrics" in line]
    assert line.startswith("fluxbump: otel: the metrics cannot be sent: ")
    assert reason in line


def test_what_the_sdk_logs_reaches_its_own_log_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    before = logging.getLogger("opentelemetry")
    state = (before.propagate, list(before.handlers))
    with pytest.raises(OutputError, match="grpc"):
        otel.send(RUN)
    assert (before.propagate, before.handlers) == state


PROBE = """
import sys
hidden = sys.argv[1] == "hidden"
if hidden:
    sys.modules["opentelemetry"] = None
from fluxbump.cli.app import run
code = run(sys.argv[2:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "requests"}
                    if not hidden else []))
"""


def probe(repo: Repo, kind: str, arguments: Iterable[str]) -> tuple[str, str]:
    repo.commit({"fluxbump.yaml": "run: {release_notes: null}\n"})
    done = subprocess.run(
        [sys.executable, "-c", PROBE, kind, "run", "--dry-run", *arguments],
        cwd=repo.path, capture_output=True, text=True, check=False,
        env=repo.environment(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"),
    )  # fmt: skip
    return done.stdout.splitlines()[-1], done.stderr


@pytest.mark.parametrize("with_file", [False, True], ids=["no metrics", "a file"])
def test_nothing_of_it_is_loaded_unless_asked_for(repo: Repo, *, with_file: bool) -> None:
    """Nor is anything sent because a variable is set, as it is for all programs of a cluster."""
    file = repo.path.parent / "fluxbump.prom"
    last, error = probe(repo, "there", ["--metrics", str(file)] if with_file else [])
    assert last == "0", error
    assert file.exists() is with_file


def test_an_sdk_that_is_not_installed_is_told_and_no_error(repo: Repo) -> None:
    last, error = probe(repo, "hidden", ["--metrics", "otel:"])
    assert last == "0", error
    assert (
        "fluxbump: otel: the metrics cannot be sent: the OpenTelemetry SDK is not installed: "
        "install fluxbump with its extra otel\n" in error
    )
