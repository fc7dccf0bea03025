"""A digest beside an install URL moves with it, or the bump stops there."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from fixtures import manifests as made
from fluxbump.discover.digests import spellings as digests
from tests.helpers import URL, Cli, Repo, assert_refused, find, repository, script, small

OLD_HEX = "0" * 64
# sha256sum, and nix-hash --type sha256 --to-base32, of a file that holds "abc"
ABC = {
    "hex": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sri": "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    "nix": "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
}


# the same of sha512; the base 32 is that of Nix's own tests
ABC_512 = {
    "hex": (
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
    "nix": (
        "2gs8k559z4rlahfx0y688s49m2vvszylcikrfinm30ly9rak69236nkam5ydvly1"
        "ai7xac99vxfc4ii84hawjbk876blyk1jfhkbbyx"
    ),
}


def test_encodings() -> None:
    found = digests.targets([digests.track(one) for one in ABC], b"abc")
    assert {track.name.rsplit(" ", 1)[1]: value for track, value in found.items()} == ABC
    tracks = [digests.track(one, algorithm="sha512") for one in ABC_512]
    assert list(digests.targets(tracks, b"abc").values()) == [*ABC_512.values()]


PLACES = {
    "Nix": ("a.nix", f'fetchurl {{\n  url = "{URL.format("2.4.0")}";\n  sha256 = "@";\n}}\n'),
    "Ansible": ("a.yml", f"- get_url:\n    url: {URL.format('2.4.0')}\n    checksum: sha256:@\n"),
    "Dockerfile": ("Dockerfile", f"ADD --checksum=sha256:@ {URL.format('2.4.0')} /f\n"),
    "Bazel": ("a.bzl", f'http_file(\n  sha256 = "@",\n  urls = ["{URL.format("2.4.0")}"],\n)\n'),
    "variables": (
        "a.sh",
        f"FLUX_VERSION=2.4.0\nFLUX_SHA256=@\n\n\n\n\ncurl {URL.format('$FLUX_VERSION')}\n",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_digest_is_a_pin(name: str) -> None:
    path, text = PLACES[name]
    found = find({path: text.replace("@", OLD_HEX)})
    assert [pin.value for pin in found.pins if pin.kind == "digest"] == [OLD_HEX]


def test_a_digest_among_several_files_is_a_note() -> None:
    text = f"curl {URL.format('2.4.0')}\ncurl https://example.org/x\n# a\nSHA256={OLD_HEX}\n"
    found = find({"a.sh": text})
    assert [pin.kind for pin in found.pins] == ["install-url"]
    assert [str(note.location) for note in found.notes] == ["a.sh:4"]


@pytest.fixture
def nix(tmp_path: Path, index: Path) -> Repo:
    path, text = PLACES["Nix"]
    return repository(tmp_path / "repo", small(**{path: text.replace("@", OLD_HEX)}), index)


def test_a_bump_stops_at_a_digest_that_it_cannot_make(nix: Repo, cli: Cli, tmp_path: Path) -> None:
    result = cli("to", "2.5.1", "--releases", str(tmp_path), cwd=nix)
    assert_refused(result, 5, "a.nix:3", "sha256 of install.yaml")
    assert nix.branches() == ["main"]


@pytest.mark.parametrize("length", [64, 52])
def test_a_digest_moves_with_its_url(nix: Repo, cli: Cli, tmp_path: Path, length: int) -> None:
    manifest = tmp_path / "releases" / "v2.5.1" / "install.yaml"
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(made.install("2.5.1", like="2.5.1"))
    if length != len(OLD_HEX):
        nix.commit({"a.nix": nix.show("main", "a.nix").replace(OLD_HEX, "0" * length)})
    result = cli("to", "2.5.1", "--releases", str(manifest.parents[1]), cwd=nix)
    assert result.code == 0, result.err
    after = nix.show("fluxbump/flux-2.5.1", "a.nix")
    raw = sha256(manifest.read_bytes()).digest()
    assert (raw.hex() if length == len(OLD_HEX) else digests.nix(raw)) in after
    assert "/v2.5.1/install.yaml" in after
    assert OLD_HEX[:52] not in after


# --- the archive of the CLI -----------------------------------------------------------------------

CLI = "https://github.com/fluxcd/flux2/releases/download/v{0}/flux_{0}_linux_amd64.tar.gz"
SUMS = {"2.4.0": "a1" * 32, "2.5.1": "b2" * 32}
OTHER = "c3" * 32
CLI_PLACES = {
    "Dockerfile": "ADD --checksum=sha256:@ " + CLI + " /tmp/flux.tgz\n",
    "ci/install.sh": "curl -o f.tgz " + CLI + '\necho "@  f.tgz" | sha256sum -c\n',
    "roles/cli/vars/main.yml": "cli_ver: '{0}'\nurl: '"
    + CLI.replace("{0}", "{{{{ cli_ver }}}}")
    + "'\ncli_checksum: sha256:@\n",
    "ci/variable.sh": "FLUX_VERSION={0}\nFLUX_SHA256=@\n\n\n\n\ncurl -L -o f.tgz "
    + CLI.replace("{0}", "${{FLUX_VERSION}}")
    + "\n",
}


@pytest.fixture
def checksums(tmp_path: Path) -> str:
    for release, value in SUMS.items():
        folder = tmp_path / "releases" / f"v{release}"
        folder.mkdir(parents=True)
        (folder / f"flux_{release}_checksums.txt").write_text(
            f"{OTHER}  flux_{release}_darwin_arm64.tar.gz\n"
            f"{value}  flux_{release}_linux_amd64.tar.gz\n"
        )
    return str(tmp_path / "releases")


def downloading(path: str, release: str, digest: str) -> str:
    return CLI_PLACES[path].format(release).replace("@", digest)


@pytest.mark.parametrize("path", CLI_PLACES)
def test_the_digest_of_an_archive_of_the_cli_moves_with_it(
    path: str, tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    encoding = "nix" if path == "ci/variable.sh" else "hex"
    old, new = (digests.spelled(bytes.fromhex(SUMS[one]))[encoding] for one in ("2.4.0", "2.5.1"))
    repo = repository(tmp_path / "repo", {path: downloading(path, "2.4.0", old)}, index)
    result = cli("to", "2.5.1", "--releases", checksums, cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", path) == downloading(path, "2.5.1", new)


@pytest.mark.parametrize("path", CLI_PLACES)
def test_without_the_checksums_the_bump_stops(
    path: str, tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    (tmp_path / "releases/v2.5.1/flux_2.5.1_checksums.txt").unlink()
    repo = repository(tmp_path / "repo", {path: downloading(path, "2.4.0", SUMS["2.4.0"])}, index)
    assert_refused(
        cli("to", "2.5.1", "--releases", checksums, cwd=repo),
        5,
        f"{path}:",
        "no new value for the sha256 of flux_*_linux_amd64.tar.gz",
        "vX.Y.Z/flux_X.Y.Z_checksums.txt",
    )


def test_a_digest_of_the_new_release_needs_no_checksums(
    tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    """Only what moves elsewhere is behind."""
    (tmp_path / "releases/v2.5.1/flux_2.5.1_checksums.txt").unlink()
    files = {
        "Dockerfile": downloading("Dockerfile", "2.5.1", SUMS["2.5.1"]),
        "up.sh": script("2.4.0"),
    }
    repo = repository(tmp_path / "repo", files, index)
    result = cli("to", "2.5.1", "--releases", checksums, cwd=repo)
    assert result.code == 0, result.err
    assert repo.changed("fluxbump/flux-2.5.1") == {"up.sh": (1, 1)}


def test_the_digest_of_something_else_beside_an_archive_stops_the_bump(
    tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    """Such as that of the unpacked archive, which Nix's fetchzip takes."""
    path = "Dockerfile"
    repo = repository(tmp_path / "repo", {path: downloading(path, "2.4.0", OTHER)}, index)
    assert_refused(
        cli("to", "2.5.1", "--releases", checksums, cwd=repo),
        5,
        "the sha256 of flux_*_linux_amd64.tar.gz is not that of Flux 2.4.0",
    )


def test_the_digest_of_an_archive_whose_platform_is_computed_stays_a_note() -> None:
    url = CLI.format("2.4.0").replace("amd64", "${ARCH}")
    found = find({"a.sh": f"curl -o f.tgz {url}\necho {OTHER}  f.tgz | sha256sum -c\n"})
    assert {pin.kind for pin in found.pins} == {"flux-cli"}
    assert [str(note.location) for note in found.notes] == ["a.sh:2"]


# --- FB121: what is held against what is published ------------------------------------------------

INSTALL = "curl -o f.yaml " + URL.format("2.4.0") + "\necho '@  f.yaml' | sha256sum -c\n"


def found_in(repo: Repo, cli: Cli, releases: Path | str) -> list[tuple[str, int, str, str]]:
    told = cli("check", "-o", "json", "--select", "FB121", "--releases", str(releases), cwd=repo)
    assert told.code in (0, 1), told.err
    return [
        (one["path"], one["line"], one["severity"], one["message"]) for one in told.json["findings"]
    ]


def test_the_digest_of_another_manifest_is_an_error_at_its_line(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    folder = tmp_path / "releases" / "v2.4.0"
    folder.mkdir(parents=True)
    (folder / "install.yaml").write_bytes(made.install("2.4.0"))
    right = sha256(made.install("2.4.0")).hexdigest()
    repo = repository(tmp_path / "repo", {"a.sh": INSTALL.replace("@", right)}, index)
    assert found_in(repo, cli, folder.parent) == []
    repo.commit({"a.sh": INSTALL.replace("@", OLD_HEX)})
    what = "the sha256 of install.yaml is not the one of 2.4.0, which is in the same file"
    assert found_in(repo, cli, folder.parent) == [("a.sh", 2, "error", what)]


@pytest.mark.parametrize("path", CLI_PLACES)
def test_the_digest_of_another_archive_is_an_error(
    path: str, tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    text = downloading(path, "2.4.0", SUMS["2.4.0"])
    repo = repository(tmp_path / "repo", {path: text}, index)
    assert found_in(repo, cli, checksums) == []
    repo.commit({path: downloading(path, "2.4.0", SUMS["2.5.1"])})
    ((where, _, severity, message),) = found_in(repo, cli, checksums)
    assert (where, severity) == (path, "error")
    assert message.endswith("linux_amd64.tar.gz is not the one of 2.4.0, which is in the same file")


def test_in_nix_it_may_be_the_hash_of_unpacked_files(
    tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    text = f'fetchzip {{\n  url = "{CLI.format("2.4.0")}";\n  sha256 = "{OTHER}";\n}}\n'
    repo = repository(tmp_path / "repo", {"a.nix": text}, index)
    ((_, line, severity, message),) = found_in(repo, cli, checksums)
    assert (line, severity) == (3, "note")
    assert message.endswith("A hash of the unpacked files differs")


def test_a_digest_that_nobody_knows_is_not_run(tmp_path: Path, index: Path, cli: Cli) -> None:
    repo = repository(tmp_path / "repo", {"a.sh": INSTALL.replace("@", OLD_HEX)}, index)
    told = cli("check", "-o", "json", "--releases", str(tmp_path / "none"), cwd=repo).json
    (reason,) = [one["reason"] for one in told["not_run"] if one["code"] == "FB121"]
    assert reason.startswith("not known which digest install.yaml of 2.4.0 has: ")


def test_the_self_test_plants_a_wrong_digest(
    tmp_path: Path, index: Path, cli: Cli, checksums: str
) -> None:
    path = "ci/install.sh"
    text = downloading(path, "2.4.0", SUMS["2.4.0"])
    repo = repository(tmp_path / "repo", small(**{path: text}), index)
    result = cli("check", "--self-test", "--releases", checksums, cwd=repo)
    assert (result.code, "SURVIVED" in result.out) == (0, False), result.out
    assert "FB121" in result.out


# --- a table of digests by release ----------------------------------------------------------------

BY_VARIABLE = "https://github.com/fluxcd/flux2/releases/download/v{0}/flux_{0}_linux_amd64.tar.gz"
INSIDE = (
    f"flux_version: 2.4.0\nflux_checksums:\n  amd64:\n    2.4.0: {OLD_HEX}\n    2.3.0: {OLD_HEX}\n"
    f"flux_url: {BY_VARIABLE.format('{{ flux_version }}')}\n"
    'flux_checksum: "{{ flux_checksums.amd64[flux_version] }}"\n'
)
OUTSIDE = (
    f"flux_version: 2.4.0\nflux_checksums:\n  '2.3.0':\n    linux_amd64: sha256:{OLD_HEX}\n"
    f"  '2.4.0':\n    # of the archives\n    linux_amd64: sha256:{OLD_HEX}\n"
    f"    linux_arm64: sha256:{OLD_HEX}\n"
)
TERRAFORM = (
    'variable "flux_version" {\n  default = "2.4.0"\n}\nlocals {\n  flux_sha256 = {\n'
    f'    "2.4.0" = "{OLD_HEX}"\n  }}\n'
    f'  flux_url = "{BY_VARIABLE.format("${var.flux_version}")}"\n}}\n'
)
TABLES = {  # the text, the line of the digest in use, and what the new release needs
    "defaults/inside.yml": (INSIDE, 4, "    2.5.1: {}\n    2.3.0:"),
    "defaults/outside.yml": (OUTSIDE, 7, "  '2.5.1':\n    linux_amd64: sha256:{}\n  '2.3.0':"),
    "main.tf": (TERRAFORM, 6, '    "2.5.1" = "{}"\n    "2.4.0" ='),
}


@pytest.mark.parametrize("path", TABLES)
def test_a_table_by_release_needs_the_new_key_first(
    path: str, tmp_path: Path, index: Path, cli: Cli
) -> None:
    text, line, entry = TABLES[path]
    repo = repository(tmp_path / "repo", {path: text}, index)
    refused = cli("to", "2.5.1", cwd=repo)
    assert_refused(refused, 5, f"{path}:{line}: this place would stay behind")
    assert "  the digest of 2.4.0 is in a table, which has a key for each release\n" in refused.err
    assert "  add the digests of the new release under its own version" in refused.err
    assert repo.branches() == ["main"]
    before = entry.splitlines()[-1]
    assert before in text
    (repo.path / path).write_text(text.replace(before, entry.format(OLD_HEX)), "utf-8")
    repo.git("commit", "--quiet", "--all", "--message", "Add the digests of 2.5.1")
    assert cli("to", "2.5.1", cwd=repo).code == 0
    assert repo.changed("fluxbump/flux-2.5.1") == {path: (1, 1)}


def test_a_key_beside_the_url_of_its_release_is_no_table() -> None:
    text = (
        f'{{\n  "2.4.0" = fetchurl {{\n    url = "{URL.format("2.4.0")}";\n'
        f'    sha256 = "{OLD_HEX}";\n  }};\n}}\n'
    )
    found = find({"a.nix": text})
    assert [pin.value for pin in found.pins if pin.kind == "digest"] == [OLD_HEX]
