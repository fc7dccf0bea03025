"""Sends the metrics of a run with the SDK of OpenTelemetry, once, over OTLP.

The SDK is an extra of the package. This module imports it, so only `otel:` loads this module. The
standard variables give the endpoint, headers, certificates and time limit:
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, CallbackT, Observation
from opentelemetry.sdk.metrics import MeterProvider, ObservableGauge
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult
from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from fluxbump.errors import OutputError
from fluxbump.fleet.metrics import Metric
from fluxbump.version import __version__

_PROTOCOL = "http/protobuf"  # the default of the specification, and what the extra installs


def send(metrics: Iterable[Metric]) -> None:
    """Send metrics to a collector, and wait until it has them.

    Raises:
        OutputError: the metrics cannot be sent.
    """
    with _log() as told:
        try:
            _send(tuple(metrics))
        except OutputError as error:
            raise OutputError(": ".join([str(error), *told[-1:]])) from error
        except Exception as error:
            # Bad settings and certificates come as errors of many libraries; none fails a run.
            raise OutputError(f"{type(error).__name__}: {error}") from error


def _send(metrics: tuple[Metric, ...]) -> None:
    protocol = (
        os.environ.get("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL")
        or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or _PROTOCOL
    )
    if protocol != _PROTOCOL:
        raise OutputError(f"unsupported OTLP protocol {protocol}: use {_PROTOCOL}")
    reader = reader_of(metrics)
    data = reader.get_metrics_data()
    if data is None:
        raise OutputError("the SDK is disabled by OTEL_SDK_DISABLED")
    exporter = OTLPMetricExporter()
    try:
        if exporter.export(data) is not MetricExportResult.SUCCESS:
            raise OutputError("the collector did not take them")
    finally:
        exporter.shutdown()


def reader_of(metrics: tuple[Metric, ...]) -> InMemoryMetricReader:
    """Record metrics in a reader of their own.

    The provider is not the global one, because a program that calls fluxbump may have set that.
    """
    # The SDK folds all beyond 2000 sets of labels into one; a large fleet has more.
    most = max((len(metric.samples) for metric in metrics), default=0) + 1
    reader = InMemoryMetricReader(cardinality_limits={ObservableGauge: most})
    provider = MeterProvider([reader], resource=_resource(), shutdown_on_exit=False)
    meter = provider.get_meter("fluxbump", __version__)
    for metric in metrics:
        meter.create_observable_gauge(metric.name, [_observe(metric)], metric.unit, metric.help)
    return reader


def _observe(metric: Metric) -> CallbackT:
    def observed(_: CallbackOptions) -> list[Observation]:
        return [Observation(sample.value, sample.labels) for sample in metric.samples]

    return observed


def _resource() -> Resource:
    """Return the resource that describes the sender. The environment takes precedence."""
    said = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": "fluxbump", "service.version": __version__, **said})


@contextmanager
def _log() -> Iterator[list[str]]:
    """Collect the log messages of the SDK, which would be printed beside our own otherwise."""
    told: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    logger, handler = logging.getLogger("opentelemetry"), Collect(logging.WARNING)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield told
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates
