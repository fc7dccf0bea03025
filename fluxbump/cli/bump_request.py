"""Makes the request for a bump from the options of `to` and `sync`."""

from __future__ import annotations

from fluxbump.bump.planning.plan import Options
from fluxbump.bump.prepared_bump import Request
from fluxbump.bump.sync_target import SyncSource
from fluxbump.cli.cluster_facts import accepted, known
from fluxbump.cli.fix import chosen
from fluxbump.cli.options import BumpOptions, ClusterOptions, left
from fluxbump.config.settings import Settings
from fluxbump.errors import UsageError
from fluxbump.text import versions


def request(
    target: str | SyncSource | None, asked: BumpOptions, risk: ClusterOptions, settings: Settings
) -> Request:
    """Return the request for the bump that the user asks for.

    Args:
        target: a release, a line of releases, `latest`, `latest-safe`, or the pins whose release
            the others take. None if none was typed, so that flux-operator moves alone.
        asked: the options of the bump.
        risk: the options about clusters and accepted risks.
        settings: the configuration, for choices that no option makes.

    Raises:
        UsageError: an option has an invalid value, or options exclude each other.
        ToolError: the cluster gives no answer.
    """
    if target is None:
        _require_operator_alone(asked)
    fixes = chosen(asked.fix)
    return Request(
        target=target,
        chart_version=asked.chart_version,
        options=Options(
            level=asked.bump.value if asked.bump else settings.bump,
            allow_downgrade=asked.allow_downgrade,
            align=asked.align,
            leave=left(gotk=asked.leave_gotk),
            operator=_operator(asked.operator),
            flux_stays=target is None,
        ),
        mentions=settings.mentions and not asked.no_mentions,
        accepted=accepted(risk),
        known=known(risk),
        migrate_apis=asked.migrate_apis,
        fixes=fixes,
    )


def _require_operator_alone(asked: BumpOptions) -> None:
    """Refuse a bump without a release, except if flux-operator moves alone."""
    of_releases = {
        "--chart-version": asked.chart_version is not None,
        "--align": asked.align,
        "--migrate-apis": asked.migrate_apis,
        "--fix": bool(asked.fix),
        "--leave-gotk": asked.leave_gotk,
    }
    given = next((option for option, used in of_releases.items() if used), None)
    if asked.operator is None or given is not None:
        raise UsageError(
            f"{given} needs a release" if given and asked.operator else "no release given",
            hint="type a release such as 2.5.1, or --operator X.Y.Z alone",
        )


def _operator(version: str | None) -> str | None:
    """Return the version in `--operator` without a leading `v`. None if it is not given."""
    if version is None:
        return None
    if versions.parse(version) is None:
        raise UsageError(
            f"--operator {version} is not a full version",
            hint="use a release of flux-operator such as 0.33.0",
        )
    return version.removeprefix("v")
