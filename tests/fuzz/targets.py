"""What is fuzzed: a target takes a path and a file's bytes, and what it raises is a finding.

Nothing here touches the disk or starts a process, so that a million executions take minutes.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

from fluxbump.bump import edit
from fluxbump.bump.planning.plan import Options, plan
from fluxbump.check import check, cluster
from fluxbump.check.recovery import cluster_contents
from fluxbump.check.rules import RULES
from fluxbump.config import file as config
from fluxbump.config.settings import Settings
from fluxbump.discover.inventory import discover
from fluxbump.discover.mentions import mapping_rows, marked_rows, statements
from fluxbump.discover.objects import flux_objects
from fluxbump.discover.pin_search import context_of, find_pins
from fluxbump.discover.scope import Scope
from fluxbump.errors import FluxbumpError, UnprovenError
from fluxbump.fleet import file as fleet
from fluxbump.flux import chart_templates, gotk, gotk_options, install_manifest
from fluxbump.flux.releases import resolve
from fluxbump.git import remote_url
from fluxbump.git.overlay_snapshot import MemorySnapshot, Overlay
from fluxbump.helm import archive, binary, go_yaml, lock
from fluxbump.helm.chart_releases import ChartIndex
from fluxbump.helm.index import chart_section, entries
from fluxbump.helm.registry import challenge, manifest, reference
from fluxbump.model import FLUX, FLUX2, Inventory
from fluxbump.reports.formats.registry import FORMATS, load
from fluxbump.reports.table import Paint
from fluxbump.run.pull_request import release_notes
from fluxbump.run.pull_request.state import SavedState
from fluxbump.system import replace_journal
from fluxbump.text import markdown, printable, version_ranges, versions, yaml, yaml_load
from fluxbump.text.live_code import TextFile, decode, encode
from fluxbump.text.syntax import hcl
from fluxbump.text.yaml import YamlError
from tests.fuzz import foreign
from tests.fuzz.kept import read_kept
from tests.helpers import COMMUNITY, URL, app_versions, chart_index

Target = Callable[[str, bytes], None]

_TARGET = "2.5.1"
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@cache
def _index() -> ChartIndex:
    return chart_index()


@cache
def _scope() -> Scope:
    return Scope(app_versions=app_versions())


@cache
def base_files() -> Mapping[str, bytes]:
    """The smallest repository in which everything can move."""
    chart = f"""\
name: bp-flux
version: 1.1.2
dependencies:
  - name: flux2
    version: 2.14.1
    repository: {COMMUNITY}
"""
    return {
        "chart/Chart.yaml": chart.encode(),
        "boot.sh": f"kubectl apply -f {URL.format('2.4.0')}\n".encode(),
    }


# --- parsers ----------------------------------------------------------------------------------


def read_yaml(path: str, data: bytes) -> None:
    """Every scalar that is editable stands where it says."""
    text = decode(data)
    for document in yaml.documents(text, path):
        for node in yaml.scalars(document.root):
            scalar = document.scalar(node)
            assert scalar is not None
            assert not scalar.editable or text[scalar.start : scalar.end] == scalar.value
            document.keys.around(scalar.start)
        for mapping in yaml.mappings(document.root):
            yaml.get(mapping, "a")
        with suppress(YamlError):
            go_yaml.value(document.root)
    with suppress(YamlError):
        yaml_load.load(text)


def read_config(_: str, data: bytes) -> None:
    """Like `workspace`, which decodes it so that any bytes are a text."""
    with suppress(FluxbumpError):
        config.parse(decode(data))


def read_fleet(_: str, data: bytes) -> None:
    with suppress(FluxbumpError, UnicodeDecodeError):
        fleet.parse(data.decode(), "fleet.yaml", "/srv")


def read_index(_: str, data: bytes) -> None:
    """What is found without a parser is what the parser finds."""
    with suppress(FluxbumpError):
        entries.parse_index(data, source="index.yaml")
    chart_section.find(data.decode("utf-8", "replace"), "flux2")


def read_archive(_: str, data: bytes) -> None:
    """As an archive, as a damaged one, and as the Chart.yaml of one."""
    packed = gzip.compress(data, compresslevel=0, mtime=0)
    for one in (data, packed, _tar(data)):
        with suppress(FluxbumpError):
            archive.read_chart(one)
        with suppress(FluxbumpError):
            archive.read_files(one)


def _tar(data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as packed:
        member = tarfile.TarInfo("flux2/Chart.yaml")
        member.size = len(data)
        packed.addfile(member, io.BytesIO(data))
    return gzip.compress(stream.getvalue(), compresslevel=0, mtime=0)


def read_lock(_: str, data: bytes) -> None:
    """Two files in one input: Chart.yaml, a line of dashes, Chart.lock."""
    chart, _, locked = decode(data).partition("\n----\n")
    with suppress(FluxbumpError):
        lock.relock(
            chart_path="c/Chart.yaml",
            chart_text=chart,
            lock_path="c/Chart.lock",
            lock_text=locked,
            moved={"flux2": "2.15.0"},
            generated=datetime(2026, 4, 29, tzinfo=UTC),
        )


def read_manifests(path: str, data: bytes) -> None:
    """Manifests of a release, templates of its chart, a gotk-components.yaml, helm's output."""
    text = decode(data)
    with suppress(FluxbumpError):
        install_manifest.install(data, path)
    with suppress(FluxbumpError):
        install_manifest.chart({"templates/crds.yaml": data, "values.yaml": data}, path)
    with suppress(chart_templates.TemplateError):
        chart_templates.plain(text)
    found = gotk.read(text)
    if found is not None:
        gotk_options.options_of(found)
    with suppress(YamlError):
        list(binary.objects(text))


def read_cluster(_: str, data: bytes) -> None:
    """What kubectl prints."""
    text = decode(data)
    with suppress(FluxbumpError):
        cluster.parse(text, "crds.json")
        cluster.written(text)
    with suppress(FluxbumpError):
        cluster_contents.from_text(text, "cluster.json")
    cluster_contents.from_columns(text)


def read_registry(_: str, data: bytes) -> None:
    """What a registry answers, and how one is named."""
    text = decode(data)
    for read in (manifest.parse, manifest.chart, manifest.tags, manifest.token):
        with suppress(FluxbumpError):
            read(data, "registry.example.org")
    challenge.challenges(text)
    with suppress(FluxbumpError):
        manifest.next_page(text)
    with suppress(FluxbumpError):
        reference.parse(f"oci://{text}")
    with suppress(FluxbumpError):
        remote_url.parse(text)


def read_words(_: str, data: bytes) -> None:
    """Texts that are shown, versions, and what fluxbump itself has written."""
    text = decode(data)
    for show in (markdown.clean, markdown.plain, markdown.escaped, markdown.code, markdown.address):
        show(text)
    release_notes.sanitise(text, 1000)
    printable.printable(text)
    SavedState.parse(text)
    with suppress(ValueError):
        replace_journal.parse(data)
    version = versions.parse(text)
    assert version is None or str(version) == text.removeprefix("v")
    with suppress(ValueError):
        version_ranges.parse(text)


def read_code(path: str, data: bytes) -> None:
    """What is live, what is a comment, and what comments and documents say."""
    file = TextFile(path, decode(data))
    assert encode(file.text) == data
    for offset in range(0, len(file.text), 7):
        file.is_live(offset)
        file.is_code(offset)
    list(hcl.blocks(file.text, "resource"))
    list(hcl.heredocs(file.text))
    known = statements.reader([FLUX, FLUX2], {"2.14.1": "2.4.0"})
    list(statements.stale(file, known, {FLUX: ("2.4.0",), FLUX2: ("2.14.1",)}))
    list(mapping_rows.wrong_rows(file, app_versions()))
    list(marked_rows.marked_rows(file, app_versions()))
    list(flux_objects.bodies(path, file.text))


# --- pins -------------------------------------------------------------------------------------


def read_pins(path: str, data: bytes) -> None:
    """Every kind of pin over a file; what is rewritable stands where it says."""
    found = find_pins([TextFile(path, decode(data))], _context(path))
    for pin in found.pins:
        assert not pin.end or 0 <= pin.start <= pin.end <= len(found.files[path])


@cache
def _moving() -> Inventory:
    return discover(MemorySnapshot(base_files()), _scope())


def _context(_: str):  # type: ignore[no-untyped-def]  # a private type of inventory's
    return context_of(_moving().charts, _scope())


def bump(path: str, data: bytes) -> None:
    """Discover, plan, edit, discover: what was planned is there, and nothing is left to do."""
    snapshot = MemorySnapshot({**base_files(), path: data})
    with suppress(FluxbumpError):
        inventory = discover(snapshot, _scope())
        options = Options(align=True, allow_downgrade=True)
        planned = plan(inventory, resolve(_TARGET, _index()), _index(), options)
        changes = edit.change_set(inventory, planned, [], {})
        try:
            edit.verify(inventory, planned, changes, _scope())
        except UnprovenError as error:  # for who wrote the file no bug, here it is one
            raise AssertionError(str(error.listed or error)) from error
        again = discover(Overlay(snapshot, changes), _scope())
        assert not plan(again, planned.chart_release, _index(), options).changes


def judge(path: str, data: bytes) -> None:
    """All rules over a repository with such a file, and what a format says of it."""
    with suppress(FluxbumpError):
        examined = check.examine(MemorySnapshot({**base_files(), path: data}), Settings(), _index())
        verdict = check.judge(examined)
        name = [*FORMATS][len(data) % len(FORMATS)]
        said = load(name).render(verdict, RULES, Paint(enabled=False), ())
        # What GitHub's runner shall obey is printed as it is, all else as `console` prints it.
        said = said if name == "github" else printable.lines(said)
        assert not _COMMANDS.search(said), "a character that commands a terminal"


TARGETS: Mapping[str, Target] = {
    "yaml": read_yaml,
    "config": read_config,
    "fleet": read_fleet,
    "index": read_index,
    "archive": read_archive,
    "lock": read_lock,
    "manifests": read_manifests,
    "cluster": read_cluster,
    "registry": read_registry,
    "forge": foreign.read_forge,
    "machine": foreign.read_machine,
    "kept": read_kept,
    "words": read_words,
    "code": read_code,
    "pins": read_pins,
    "bump": bump,
    "judge": judge,
}
