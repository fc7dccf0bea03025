import contextlib
import gzip
import hashlib
import io
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxbump.errors import IndexSourceError
from fluxbump.helm import archive
from fluxbump.text.budget import ARCHIVE, ARCHIVED_FILE
from tests import linear

_CHART = b"apiVersion: v2\nname: flux2\nversion: 2.15.0\nappVersion: 2.5.1\n"
_MIB = 1024 * 1024


def _member(name: str, data: bytes = b"", *, kind: bytes = tarfile.REGTYPE) -> bytes:
    header = tarfile.TarInfo(name)
    header.size, header.type = len(data), kind
    return header.tobuf(tarfile.PAX_FORMAT) + data + b"\0" * (-len(data) % 512)


def _packed(*members: bytes, level: int = 1) -> bytes:
    return gzip.compress(b"".join(members) + b"\0" * 1024, level)


def _chart(*members: bytes, level: int = 1) -> bytes:
    return _packed(_member("flux2/Chart.yaml", _CHART), *members, level=level)


def _refused(data: bytes) -> str:
    with pytest.raises(IndexSourceError) as caught:
        archive.read_chart(data)
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith("not a usable chart archive: ")
    return caught.value.message.removeprefix("not a usable chart archive: ")


def test_reads_a_chart() -> None:
    long_name = "templates/" + "very-long-" * 20 + ".yaml"
    read = archive.read_chart(
        _chart(
            _member("flux2/templates/", kind=tarfile.DIRTYPE),
            _member("flux2/templates/a.yaml", b"kind: A\r\n"),
            _member("flux2/empty"),
            _member(f"flux2/{long_name}", "Ünïcode".encode()),
        )
    )
    assert (read.name, read.version, read.app_version) == ("flux2", "2.15.0", "2.5.1")
    assert read.files == {
        "Chart.yaml": _CHART,
        "templates/a.yaml": b"kind: A\r\n",
        "empty": b"",
        long_name: "Ünïcode".encode(),
    }


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_reads_every_tar_format(form: int) -> None:
    packed = io.BytesIO()
    name = "flux2/" + "d/" * 60 + "x.yaml"
    with tarfile.open(fileobj=packed, mode="w:gz", format=form) as tar:
        for path, data in (("flux2/Chart.yaml", _CHART), (name, b"x")):
            header = tarfile.TarInfo(path)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    assert archive.read_chart(packed.getvalue()).files["d/" * 60 + "x.yaml"] == b"x"


def test_a_chart_may_have_a_byte_order_mark_and_no_app_version() -> None:
    chart = b"\xef\xbb\xbfname: x\nversion: '1.10'\n"
    read = archive.read_chart(_packed(_member("x/Chart.yaml", chart)))
    assert (read.name, read.version, read.app_version) == ("x", "1.10", None)
    assert read.files["Chart.yaml"] == chart


def test_an_error_names_the_archive() -> None:
    with pytest.raises(IndexSourceError, match=r"^charts/flux2-2\.15\.0\.tgz: not a usable chart"):
        archive.read_chart(b"", where="charts/flux2-2.15.0.tgz")


def _with_size(size: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    header = bytearray(_member("flux2/a", kind=kind))
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _pax(**records: str) -> bytes:
    body = b""
    for key, value in records.items():
        rest = f" {key}={value}\n".encode()
        length = len(rest) + len(str(len(rest) + 3))
        body += str(length).encode() + rest
    return _member("x", body, kind=tarfile.XHDTYPE) + _member("flux2/a")


def _many_headers(body: Callable[[int], bytes]) -> bytes:
    headers = (
        _member("x", body(i), kind=tarfile.XHDTYPE) + _member(f"flux2/{i}") for i in range(200)
    )
    return _chart(*headers)


def _bomb() -> bytes:
    files = (_member(f"flux2/{i}", b"\0" * (4 * _MIB)) for i in range(9))
    return _chart(*files)


def _million() -> bytes:
    squeeze = zlib.compressobj(1, wbits=31)
    packed = [squeeze.compress(b"".join(_member(f"a/{i}") for i in range(10_001)))]
    zeros = b"\0" * 512 * 1000
    packed += [squeeze.compress(zeros) for _ in range(1000)]
    return b"".join([*packed, squeeze.flush()])


_HUGE = b"\x80" + (10**10).to_bytes(11)
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
_DEEP = b"name: x\nversion: " + b"[" * 5000
_CASES: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", "not gzip"),
    ("not gzip", lambda: b"<html>not found</html>", "not gzip"),
    ("a Git LFS pointer", lambda: _LFS, "a Git LFS pointer"),
    ("only the magic number", lambda: b"\x1f\x8b", "cut short"),
    ("gzip of nothing", lambda: gzip.compress(b""), "damaged"),
    ("gzip of text", lambda: gzip.compress(b"hello " * 200), "damaged"),
    ("a zip", lambda: b"PK\3\4" + b"\0" * 600, "not gzip"),
    ("cut in the middle", lambda: _chart(level=0)[:700], "cut short"),
    ("without its checksum", lambda: _chart()[:-8], "cut short"),
    ("checksum wrong", lambda: _chart()[:-8] + b"\0" * 8, "damaged"),
    ("something behind it", lambda: _chart() + b"evil", "something follows"),
    ("a second archive behind it", lambda: _chart() + _chart(), "something follows"),
    ("contents cut short", lambda: gzip.compress(_member("flux2/Chart.yaml", _CHART)[:520]), "dam"),
    ("damaged header", lambda: _chart(b"\1" + _member("flux2/a")[1:]), "damaged"),
    ("negative size", lambda: _chart(_with_size(b"\xff" * 12)), "damaged"),
    ("10 GB claimed", lambda: _chart(_with_size(b"\x80" + (10**10).to_bytes(11))), "more than 5"),
    ("10 GB in a pax header", lambda: _chart(_pax(size="10000000000")), "more than 5 MiB"),
    ("10 GB of pax header", lambda: _chart(_with_size(_HUGE, b"x")), "headers are too long"),
    ("10 GB of long name", lambda: _chart(_with_size(_HUGE, b"L")), "headers are too long"),
    ("long pax header", lambda: _chart(_member("x", b"1" * 9000, kind=b"x")), "headers are too lo"),
    (
        "many pax headers",
        lambda: _many_headers(lambda i: b"9 a=%04d\n" % i * 200),
        "headers are too long",
    ),
    ("slow pax headers", lambda: _many_headers(lambda _: b"1" * 2000), "too long"),
    ("chained pax headers", lambda: _chart(*[_member("x", kind=b"x")] * 5000), "damaged"),
    ("broken pax header", lambda: _chart(_member("x", b"99 a", kind=b"x")), "damaged"),
    ("no Chart.yaml", lambda: _packed(_member("flux2/values.yaml", b"")), "no Chart.yaml"),
    ("Chart.yaml too deep", lambda: _packed(_member("a/b/Chart.yaml", _CHART)), "no Chart.yaml"),
    ("no folder", lambda: _packed(_member("Chart.yaml", _CHART)), "outside the chart's folder"),
    ("absolute path", lambda: _chart(_member("/etc/passwd")), "not a plain relative path"),
    ("drive", lambda: _chart(_member("C:\\evil")), "not a plain relative path"),
    ("backslashes", lambda: _chart(_member("flux2\\..\\evil")), "not a plain relative path"),
    ("leaves the folder", lambda: _chart(_member("flux2/../../evil")), "not a plain relative"),
    ("absolute pax path", lambda: _chart(_pax(path="/etc/passwd")), "not a plain relative path"),
    ("symbolic link", lambda: _chart(_member("flux2/a", kind=tarfile.SYMTYPE)), "is a link"),
    ("hard link", lambda: _chart(_member("flux2/a", kind=tarfile.LNKTYPE)), "is a link"),
    ("device", lambda: _chart(_member("flux2/a", kind=tarfile.CHRTYPE)), "is a link, a device"),
    ("pipe", lambda: _chart(_member("flux2/a", kind=tarfile.FIFOTYPE)), "is a link, a device"),
    ("sparse", lambda: _chart(_member("flux2/a", kind=tarfile.GNUTYPE_SPARSE)), "sparse file"),
    ("pax sparse", lambda: _chart(_pax(**{"GNU.sparse.map": "0,1"})), "sparse file"),
    ("unknown type", lambda: _chart(_member("flux2/a", kind=b"Z")), "is a link, a device"),
    ("twice", lambda: _chart(_member("flux2/a"), _member("flux2/a")), "is in it twice"),
    ("two folders", lambda: _chart(_member("other/Chart.yaml", _CHART)), "several top folders"),
    ("large file", lambda: _chart(_member("flux2/a", b"\0" * (5 * _MIB + 1))), "more than 5 MiB"),
    ("gzip bomb", _bomb, "holds more than 32 MiB"),
    ("bomb behind the end", lambda: _chart(b"\0" * (40 * _MIB)), "holds more than 32 MiB"),
    ("packed too large", lambda: _chart() + b"\0" * (33 * _MIB), "takes more than 32 MiB"),
    ("a million entries", _million, "more than 10,000 entries"),
    ("not UTF-8", lambda: _packed(_member("a/Chart.yaml", b"name: \xff")), "not UTF-8"),
    ("not YAML", lambda: _packed(_member("a/Chart.yaml", b"a: [\n")), "its Chart.yaml, line 2"),
    ("deep YAML", lambda: _packed(_member("a/Chart.yaml", _DEEP)), "nested too deeply"),
    ("not a mapping", lambda: _packed(_member("a/Chart.yaml", b"- a")), "no name or no version"),
    ("no version", lambda: _packed(_member("a/Chart.yaml", b"name: a")), "no name or no version"),
    ("a list", lambda: _packed(_member("a/Chart.yaml", b"name: []\nversion: 1")), "no name"),
    ("odd appVersion", lambda: _packed(_member("a/Chart.yaml", _CHART + b"appVersion: []")), "app"),
]


@pytest.mark.parametrize(
    ("make", "reason"), [case[1:] for case in _CASES], ids=[case[0] for case in _CASES]
)
def test_refuses_with_one_line_in_bounded_memory(make: Callable[[], bytes], reason: str) -> None:
    data = make()
    tracemalloc.start()
    with linear.ends():
        assert reason in _refused(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * ARCHIVE.size


def test_global_headers_do_not_pile_up() -> None:
    """The library copies every global header seen so far into every later member."""
    records = "".join(f"9 {i:04}=1\n" for i in range(200)).encode()

    def packed(count: int) -> bytes:
        headers = (
            _member("g", records.replace(b"=1", b"=%d" % (i % 10)), kind=tarfile.XGLTYPE)
            + _member(f"flux2/{i}")
            for i in range(count)
        )
        return _chart(*headers)

    assert len(archive.read_chart(packed(100)).files) == 101
    linear.assert_linear(archive.read_chart, packed, 10)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data: st.DataObject) -> None:
    plain = bytearray(_member("flux2/Chart.yaml", _CHART) + _pax(path="flux2/b") + b"\0" * 1024)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(plain) - 1))
        plain[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(IndexSourceError):
        archive.read_chart(gzip.compress(plain, 1))


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for candidate in (data, b"\x1f\x8b\x08\x00" + data, gzip.compress(data, 1)):
        with pytest.raises(IndexSourceError):
            archive.read_chart(candidate)


def test_knows_git_lfs_pointers() -> None:
    assert archive.lfs_pointer(_LFS)
    assert archive.lfs_pointer(_LFS.replace(b"git-lfs.github", b"hawser.github"))
    assert not archive.lfs_pointer(_chart())
    assert not archive.lfs_pointer(b"")
    assert not archive.lfs_pointer(b"# " + _LFS)
    assert not archive.lfs_pointer(_LFS + b"\n" * 1024)


def test_sha256_is_lower_case_hexadecimal() -> None:
    assert archive.sha256(b"x") == hashlib.sha256(b"x").hexdigest()


# --- archives without a top folder ------------------------------------------------------------


def test_reads_loose_files() -> None:
    read = archive.read_files(
        _packed(
            _member("./", kind=tarfile.DIRTYPE),
            _member("./a.yaml", b"a"),
            _member("b/", kind=tarfile.DIRTYPE),
            _member("b/c.yaml", b"c"),
        )
    )
    assert read == {"a.yaml": b"a", "b/c.yaml": b"c"}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ((_member("a"), _member("./a")), "'./a' is in it twice"),
        ((_member("../a"),), "'../a' is not a plain relative path"),
        ((_member("././a"),), "'./a' is not a plain relative path"),
        ((_member("a", kind=tarfile.SYMTYPE),), "'a' is a link, a device or a sparse file"),
        ((_member("a", bytes(ARCHIVED_FILE.size + 1)),), "'a' takes more than 5 MiB"),
    ],
)
def test_refuses_loose_files(members: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(IndexSourceError) as caught:
        archive.read_files(_packed(*members), where="oci://h/a:v1")
    assert str(caught.value) == f"oci://h/a:v1: not a usable archive: {reason}"
