"""What forges, the machine and other programs answer, as targets: see `targets`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from unittest.mock import patch

from fluxbump.check import baseline_file
from fluxbump.cli import comparison_base
from fluxbump.discover.digests import cli_archives
from fluxbump.discover.inventory import discover
from fluxbump.discover.scope import Scope
from fluxbump.errors import FluxbumpError
from fluxbump.fleet import discover as fleet_discover
from fluxbump.fleet import file as fleet
from fluxbump.fleet import results
from fluxbump.fleet.repositories import FleetEntry
from fluxbump.flux import parse_tags
from fluxbump.forges import detect, registry, repositories
from fluxbump.forges.detect import Hosted
from fluxbump.forges.forge import Forge, OwnedRepository, Proposal
from fluxbump.forges.kinds import KINDS
from fluxbump.git import remote_errors, remote_url, token
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm import remote_schemas
from fluxbump.helm.registry import logins
from fluxbump.model import Inventory
from fluxbump.run import allowed_hosts, fetch_release_notes
from fluxbump.run.dashboard import issue as dashboard_issue
from fluxbump.system.allowed_servers import server_of
from fluxbump.system.http.client import HttpClient
from fluxbump.system.http.exchange import HttpReply
from fluxbump.system.secret import Secret
from fluxbump.system.token_transport import http_hosts
from fluxbump.text.live_code import decode

_PAGES = 3
"""Answers after which a listing has no next page: each of them is the same."""
_PLACES = {"azure": "team/project/flux"}
_PROPOSAL = Proposal(
    "fluxbump/flux-2.5.1", "main", "Bump Flux", "body", draft=True, labels=("flux",),
    assignees=("a",), reviewers=("org/team", "b"), auto_merge=True,
)  # fmt: skip
_CLI = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/flux_2.4.0_linux_amd64.tar.gz"


def read_forge(path: str, data: bytes) -> None:
    """A forge answers all that it is asked the same: status and headers, an empty line, a body.

    Args:
        path: begins with the kind of forge; any other text stands for one of them.
        data: the answer.
    """
    kinds = [*KINDS]
    named = path.partition("/")[0]
    kind = named if named in kinds else kinds[len(path) % len(kinds)]
    hosted = Hosted(kind, "https://git.example.org/api", _PLACES.get(kind, "team/flux"))
    with _answering(_reply(data)):
        forge = registry.connect(hosted, Secret("t0ken"), "me", sleep=lambda _: None)
        for ask in (
            lambda: forge.find("fluxbump/flux-2.5.1"),
            lambda: forge.list("fluxbump/"),
            lambda: forge.open(_PROPOSAL),
            lambda: forge.update(3, _PROPOSAL),
            lambda: forge.comment(3, "text"),
            lambda: forge.close(3),
            lambda: forge.protects("main"),
            forge.standing,
            lambda: dashboard_issue.read(forge),
            lambda: _write_issues(forge),
            lambda: forge.statuses.get("a" * 40),
            lambda: [*repositories.owned(hosted, Secret("t0ken"), sleep=lambda _: None)],
        ):
            with suppress(FluxbumpError):
                ask()


def _write_issues(forge: Forge) -> None:
    if forge.issues is not None:
        forge.issues.open("title", "text")
        forge.issues.edit(3, "text")


def _reply(data: bytes) -> HttpReply:
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("utf-8", "replace").split("\n")
    status = int(first) if first.isascii() and first.isdigit() and len(first) == len("200") else 200
    pairs = (line.partition(":")[::2] for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs if name.isidentifier()}
    return HttpReply(status, headers, body)


@contextmanager
def _answering(reply: HttpReply) -> Iterator[None]:
    """Let every server answer the same; its pages end."""
    left = {"pages": _PAGES}

    def answer(*_: object, **__: object) -> HttpReply:
        left["pages"] -= 1
        if left["pages"] % _PAGES:
            return reply
        last = {name: text for name, text in reply.headers.items() if name != "link"}
        return HttpReply(reply.status, last, reply.body)

    with patch.object(HttpClient, "ask", answer):
        yield


def read_machine(path: str, data: bytes) -> None:
    """What other programs print, what lies on the machine, and what a CI says."""
    text = decode(data)
    _read_logins(data)
    token.parse_answer(text)
    remote_errors.failure(text, "git.example.org/a")
    for result in remote_errors.ref_results(text).values():
        remote_errors.refusal(result, text, "main", "git.example.org/a")
    parse_tags.commits(text)
    versions = parse_tags.parse(text)
    assert [*versions] == sorted(versions, reverse=True)
    entry = FleetEntry("a", "https://git.example.org/a.git")
    with suppress(ValueError):
        results.read_report(entry, text)
    results.why(text)
    results.log_lines("a", text)
    with suppress(FluxbumpError):
        accepted = baseline_file.parse(data, path)
        assert baseline_file.held_to(accepted, accepted) == accepted
        assert not [*baseline_file.added(accepted, accepted, path, applied=True)]
    with suppress(FluxbumpError):
        cli_archives.targets(_archive(), "2.5.1", lambda _: text)
    remote_schemas.named_in("chart/values.schema.json", data)
    remote_schemas.named_in("chart/charts/a.tgz", data)
    fetch_release_notes.fetch(("2.5.1",), lambda *_, **__: data, "https://api.example.org")
    _read_environment(text)
    _discover_fleet(text)


def _read_logins(data: bytes) -> None:
    with suppress(ValueError):
        found = logins.parse(data)
        for key in ("ghcr.io", "https://index.docker.io/v1/", ""):
            found.helper(key)
            entry = found.entry(key)
            if entry is not None:
                entry.login("config.json")
    with suppress(ValueError):
        logins.answered(data, "docker-credential-test")


@cache
def _archive() -> Inventory:
    files = {"Dockerfile": f"FROM a\nADD --checksum=sha256:{'a' * 64} {_CLI} /\n".encode()}
    return discover(MemorySnapshot(files), Scope())


def _read_environment(text: str) -> None:
    """Lines of NAME=VALUE, after one with the URL of a remote."""
    first, *lines = text.split("\n")
    pairs = (line.partition("=")[::2] for line in lines)
    environ: Mapping[str, str] = {name: value for name, value in pairs if name}
    [*comparison_base.candidates(environ)]
    http_hosts(environ)
    server_of(first)
    with suppress(FluxbumpError):
        remote = remote_url.parse(first)[0]
        allowed_hosts.servers(allowed_hosts.limits(environ) or (), remote)
        detect.known(remote, environ)
        kind, url = detect.told_by_ci(remote, environ, None)
        detect.detect(remote, kind=kind, forge_url=url)


def _discover_fleet(text: str) -> None:
    """Whatever a repository is called, what is written is a list of URLs of one server."""
    names = [line for line in text.split("\n") if line][:20]
    listed = [
        OwnedRepository(f"o/{name}", archived=False, fork=False, empty=False) for name in names
    ]
    owner = remote_url.parse("https://git.example.org/o")[0]
    written = fleet_discover.fleet_file(owner, "o", listed, fleet_discover.Selection(), {})
    with suppress(FluxbumpError):
        for entry in fleet.parse(written, "fleet.yaml", "/srv"):
            assert entry.repo.startswith("https://git.example.org/")
