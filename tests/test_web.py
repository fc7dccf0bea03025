from __future__ import annotations

import gzip
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme

from fluxbump.system.http.failure import HttpError
from fluxbump.system.http.fetch import HttpRequest, Patience, Redirects, Web
from fluxbump.system.secret import Secret
from fluxbump.version import __version__
from tests.sleeper import Sleeper
from tests.web_server import Answer, WebServer

MIB = 1 << 20
NOW = 1_800_000_000.0
DATE = "Tue, 01 Apr 2025 10:00:00 GMT"

Open = Callable[..., Web]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def web(cache: Path, sleeper: Sleeper) -> Iterator[Web]:
    with open_web(cache, sleeper) as made:
        yield made


def open_web(cache: Path, sleeper: Sleeper, *, offline: bool = False, read: float = 5.0) -> Web:
    return Web(
        cache_dir=cache,
        offline=offline,
        patience=Patience(read=read),
        clock=sleeper.clock,
        now=lambda: NOW,
        sleep=sleeper,
    )


def offline(cache: Path, url: str) -> bytes:
    with open_web(cache, Sleeper(), offline=True) as made:
        return made.get(url, limit=MIB)


def failure(web: Web, url: str, limit: int = MIB) -> HttpError:
    with pytest.raises(HttpError) as caught:
        web.get(url, limit=limit)
    assert "\n" not in str(caught.value)
    return caught.value


def refused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


# --- getting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_arrives_whole(web: Web, server: WebServer, chunked: bool) -> None:
    body = bytes(range(256)) * 1000
    assert web.get(server.serve("/a", Answer(body, chunked=chunked)), limit=MIB) == body


def test_the_server_learns_who_asks(web: Web, server: WebServer) -> None:
    web.get(server.serve("/a", Answer(b"x")), limit=MIB)
    assert server.requests[0].headers["user-agent"] == f"fluxbump/{__version__}"
    assert "cache-control" not in server.requests[0].headers


def test_progress_counts_up_to_the_promised_total(web: Web, server: WebServer) -> None:
    seen: list[tuple[int, int | None]] = []
    url = server.serve("/a", Answer(b"x" * 1000))
    web.get(url, limit=MIB, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 1000)
    assert seen[-1] == (1000, 1000)


def test_progress_of_a_compressed_body_has_no_total(web: Web, server: WebServer) -> None:
    seen: list[tuple[int, int | None]] = []
    answer = Answer(gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"})
    web.get(
        server.serve("/a", answer),
        limit=MIB,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (1000, None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/x",
        "https://",
        "https://user:s3cret/x@host/",
        "http://[::1",
        "http://a\x00b/",
    ],
)
def test_what_is_not_a_url_is_refused_without_showing_it(web: Web, url: str) -> None:
    assert "s3cret" not in str(failure(web, url))


def test_closing_an_unused_web_makes_no_client(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    Web(cache_dir=cache).close()


# --- the cache -------------------------------------------------------------------------------


@pytest.mark.parametrize("validator", [{"ETag": '"1"'}, {"ETag": 'W/"1"'}, {"Last-Modified": DATE}])
def test_what_did_not_change_is_not_sent_again(
    cache: Path, sleeper: Sleeper, server: WebServer, validator: dict[str, str]
) -> None:
    url = server.serve("/index.yaml", Answer(b"entries", headers=validator))
    for _ in range(3):
        with open_web(cache, sleeper) as web:
            assert web.get(url, limit=MIB) == b"entries"
    assert [request.answered for request in server.requests] == [200, 304, 304]


def test_a_validator_that_is_not_ascii_does_no_harm(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x", headers={"ETag": '"\xe4"'}))
    assert [web.get(url, limit=MIB) for _ in range(2)] == [b"x", b"x"]


def test_a_long_lifetime_does_not_hide_a_new_release(web: Web, server: WebServer) -> None:
    long = {"Cache-Control": "max-age=86400", "Last-Modified": DATE}
    url = server.serve("/a", Answer(b"old", headers={**long, "ETag": '"1"'}))
    assert web.get(url, limit=MIB) == b"old"
    server.serve("/a", Answer(b"new", headers={**long, "ETag": '"2"'}))
    assert web.get(url, limit=MIB) == b"new"


def test_without_a_validator_everything_is_read_again(
    cache: Path, web: Web, server: WebServer
) -> None:
    url = server.serve("/a", Answer(b"1"), Answer(b"2"), Answer(b"3"))
    assert [web.get(url, limit=MIB) for _ in range(3)] == [b"1", b"2", b"3"]
    assert offline(cache, url) == b"3"


@pytest.mark.parametrize("rule", ["no-cache", "must-revalidate", "max-age=0", "private", ""])
def test_offline_serves_what_is_kept_however_stale(
    cache: Path, web: Web, server: WebServer, rule: str
) -> None:
    url = server.serve("/a", Answer(b"x", headers={"Cache-Control": rule, "ETag": '"1"'}))
    web.get(url, limit=MIB)
    assert offline(cache, url) == b"x"
    assert len(server.requests) == 1


def test_offline_serves_the_newest_of_several(cache: Path, web: Web, server: WebServer) -> None:
    url = server.serve(
        "/a", *(Answer(b"%d" % n, headers={"ETag": f'"{n}"', "Date": DATE}) for n in range(3))
    )
    for _ in range(3):
        web.get(url, limit=MIB)
    assert offline(cache, url) == b"2"


def test_offline_without_a_kept_answer_says_how_to_get_one(cache: Path, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x"))
    with open_web(cache, Sleeper(), offline=True) as web:
        error = failure(web, url)
    assert str(cache) in (error.hint or "")
    assert "--offline" in (error.hint or "")
    assert server.requests == []


def test_an_answer_that_must_not_be_stored_is_not(cache: Path, web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x", headers={"Cache-Control": "no-store"}))
    assert web.get(url, limit=MIB) == b"x"
    with pytest.raises(HttpError):
        offline(cache, url)


@pytest.mark.parametrize("status", [404, 410, 301, 203])
def test_an_answer_of_no_use_does_not_replace_a_good_one(
    cache: Path, web: Web, server: WebServer, status: int
) -> None:
    url = server.serve("/a", Answer(b"good"), Answer(b"bad", status))
    web.get(url, limit=MIB)
    assert f"HTTP {status}" in str(failure(web, url))
    assert offline(cache, url) == b"good"


def test_half_a_body_does_not_replace_a_good_one(cache: Path, web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"good"), Answer(b"bad", missing=5))
    web.get(url, limit=MIB)
    failure(web, url)
    assert offline(cache, url) == b"good"


def test_what_is_too_large_is_not_kept(cache: Path, web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x" * 2000, chunked=True))
    failure(web, url, limit=1000)
    with pytest.raises(HttpError):
        offline(cache, url)


def test_the_limit_holds_for_what_is_kept(cache: Path, web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x" * 2000, headers={"ETag": '"1"'}))
    web.get(url, limit=MIB)
    assert "larger" in str(failure(web, url, limit=1000))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:-1] + b"?",
        lambda data: b"\xff" * 100,
        lambda data: b"[" * 100_000,
        lambda data: b"[]\n",
        lambda data: b'{"headers": 3}\n',
        lambda data: b'{"headers": "ab", "sha256": ""}\n',
    ],
)
def test_a_damaged_cache_heals(
    cache: Path, web: Web, server: WebServer, damage: Callable[[bytes], bytes]
) -> None:
    url = server.serve("/a", Answer(b"body", headers={"ETag": '"1"'}))
    web.get(url, limit=MIB)
    [kept] = (cache / "http").iterdir()
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.raises(HttpError):
        offline(cache, url)
    assert web.get(url, limit=MIB) == b"body"
    assert offline(cache, url) == b"body"


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, sleeper: Sleeper, server: WebServer, capfd: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    url = server.serve("/a", Answer(b"x", headers={"ETag": '"1"'}))
    with open_web(blocked, sleeper) as web:
        assert [web.get(url, limit=MIB) for _ in range(2)] == [b"x", b"x"]
    assert capfd.readouterr() == ("", "")


def test_a_failed_write_leaves_nothing_behind(cache: Path, web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x", headers={"ETag": '"1"'}))
    web.get(url, limit=MIB)
    [kept] = (cache / "http").iterdir()
    kept.unlink()
    kept.mkdir()
    assert web.get(url, limit=MIB) == b"x"
    assert list((cache / "http").iterdir()) == [kept]


def test_the_cache_is_in_the_users_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: WebServer
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, appauthor: tmp_path / name)
    with Web() as web:
        web.get(server.serve("/a", Answer(b"x")), limit=MIB)
    assert len(list((tmp_path / "fluxbump" / "http").iterdir())) == 1


# --- retries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(
    web: Web, server: WebServer, sleeper: Sleeper, status: int
) -> None:
    url = server.serve("/a", Answer(status=status), Answer(status=status), Answer(b"x"))
    assert web.get(url, limit=MIB) == b"x"
    assert len(server.requests) == 3
    assert 0.5 <= sleeper.pauses[0] <= 1.0 <= sleeper.pauses[1] <= 2.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_server_that_says_no_is_not_asked_again(
    web: Web, server: WebServer, sleeper: Sleeper, status: int
) -> None:
    error = failure(web, server.serve("/a", Answer(status=status)))
    assert f"HTTP {status}" in error.reason
    assert len(server.requests) == 1
    assert sleeper.pauses == []


def test_retries_end(web: Web, server: WebServer) -> None:
    assert "HTTP 503" in str(failure(web, server.serve("/a", Answer(status=503))))
    assert len(server.requests) == Patience().attempts


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (formatdate(NOW + 12, usegmt=True), 12.0),
        (formatdate(NOW - 60, usegmt=True), 0.0),
    ],
)
def test_the_servers_wish_to_wait_is_followed(
    web: Web, server: WebServer, sleeper: Sleeper, value: str, pause: float
) -> None:
    busy = Answer(status=503, headers={"Retry-After": value})
    web.get(server.serve("/a", busy, Answer(b"x")), limit=MIB)
    assert sleeper.pauses == [pause]


@pytest.mark.parametrize("value", ["31", "9" * 400, formatdate(NOW + 3600, usegmt=True)])
def test_a_wish_to_wait_too_long_ends_it(
    web: Web, server: WebServer, sleeper: Sleeper, value: str
) -> None:
    url = server.serve("/a", Answer(status=429, headers={"Retry-After": value}))
    assert "asks to wait" in str(failure(web, url))
    assert len(server.requests) == 1
    assert sleeper.pauses == []


@pytest.mark.parametrize("value", ["", "soon", "-5", "Mon, 99 Foo 9999"])
def test_a_wish_that_makes_no_sense_is_ignored(
    web: Web, server: WebServer, sleeper: Sleeper, value: str
) -> None:
    busy = Answer(status=503, headers={"Retry-After": value})
    web.get(server.serve("/a", busy, Answer(b"x")), limit=MIB)
    assert 0.5 <= sleeper.pauses[0] <= 1.0


def test_pauses_end_at_the_deadline(cache: Path, server: WebServer, sleeper: Sleeper) -> None:
    url = server.serve("/a", Answer(status=503, headers={"Retry-After": "29"}))
    with Web(
        cache_dir=cache, patience=Patience(total=40), clock=sleeper.clock, sleep=sleeper
    ) as hasty:
        failure(hasty, url)
    assert sleeper.clock() == 29
    assert len(server.requests) == 2


def test_nobody_answers(web: Web, sleeper: Sleeper) -> None:
    error = failure(web, f"http://127.0.0.1:{refused_port()}/a")
    assert "refused" in str(error).lower()
    assert len(sleeper.pauses) == Patience().attempts - 1


def test_a_truncated_body_is_read_again(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"ab", missing=3), Answer(b"abcde"))
    assert web.get(url, limit=MIB) == b"abcde"


def test_an_unfinished_chunked_body_is_read_again(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"ab", chunked=True, missing=1), Answer(b"abcde"))
    assert web.get(url, limit=MIB) == b"abcde"


def test_a_server_that_stalls_is_given_up(cache: Path, sleeper: Sleeper, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x", stalls=True))
    with open_web(cache, sleeper, read=0.05) as web:
        assert "no answer in time" in str(failure(web, url))
    # The client gives up before a busy server has read the request: it is counted all the same.
    assert server.counted(Patience().attempts) == Patience().attempts


def test_a_body_that_trickles_past_the_deadline_is_given_up(cache: Path, server: WebServer) -> None:
    ticks = iter(range(0, 10_000, 20))
    url = server.serve("/a", Answer(b"x" * 10 * MIB, chunked=True))
    with Web(cache_dir=cache, clock=lambda: float(next(ticks))) as web:
        assert "takes too long" in str(failure(web, url, limit=20 * MIB))
    assert server.counted(1) == 1


# --- sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"x" * 1001),
        Answer(b"x" * 1001, chunked=True),
        Answer(b"x" * 1001, unframed=True),
        Answer(gzip.compress(b"x" * 1001), headers={"Content-Encoding": "gzip"}),
    ],
)
def test_a_body_over_the_limit_is_refused(web: Web, server: WebServer, answer: Answer) -> None:
    error = failure(web, server.serve("/a", answer), limit=1000)
    assert "larger than" in error.reason
    assert len(server.requests) == 1


def test_a_body_at_the_limit_is_accepted(web: Web, server: WebServer) -> None:
    assert len(web.get(server.serve("/a", Answer(b"x" * 1000)), limit=1000)) == 1000


def test_a_bomb_is_not_unfolded(web: Web, server: WebServer) -> None:
    layer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(layer.compress(bytes(MIB)) for _ in range(300)) + layer.flush()
    url = server.serve("/a", Answer(bomb, headers={"Content-Encoding": "gzip"}))
    seen: list[int] = []
    with pytest.raises(HttpError, match="larger than 1 MiB"):
        web.get(url, limit=MIB, progress=lambda done, _: seen.append(done))
    assert max(seen) <= MIB


def test_a_length_that_is_a_lie_is_not_believed(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x", missing=10**15))
    assert "larger than" in str(failure(web, url))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_a_compressed_body_is_unfolded(
    cache: Path, web: Web, server: WebServer, encoding: str
) -> None:
    headers = {"Content-Encoding": encoding, "ETag": '"1"'}
    url = server.serve("/a", Answer(gzip.compress(b"body"), headers=headers))
    assert [web.get(url, limit=MIB) for _ in range(2)] == [b"body", b"body"]
    assert offline(cache, url) == b"body"
    assert server.requests[0].headers["accept-encoding"] == "gzip"


def test_an_archive_is_taken_as_it_comes(web: Web, server: WebServer) -> None:
    body = gzip.compress(b"archive")
    url = server.serve("/a.tgz", Answer(body, headers={"Content-Encoding": "gzip"}))
    assert web.get(url, limit=MIB) == body
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_an_encoding_that_was_not_asked_for_is_refused(
    web: Web, server: WebServer, encoding: str
) -> None:
    url = server.serve("/a", Answer(b"x", headers={"Content-Encoding": encoding}))
    assert "compressed" in str(failure(web, url))


def test_a_compressed_body_that_ends_early_is_read_again(
    cache: Path, web: Web, server: WebServer
) -> None:
    body = gzip.compress(b"body")
    headers = {"Content-Encoding": "gzip", "ETag": '"1"'}
    short = Answer(body[:-4], headers=headers, unframed=True)
    url = server.serve("/a", short, Answer(body, headers=headers))
    assert web.get(url, limit=MIB) == b"body"
    assert offline(cache, url) == b"body"


def test_a_compressed_body_that_is_not_gzip_is_refused(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"plain", headers={"Content-Encoding": "gzip"}))
    assert "not valid gzip" in str(failure(web, url))


# --- redirects -------------------------------------------------------------------------------


def redirect(target: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": target})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(web: Web, server: WebServer, status: int) -> None:
    server.serve("/b", Answer(b"x"))
    assert web.get(server.serve("/a", redirect("/b", status)), limit=MIB) == b"x"


@pytest.mark.parametrize(("hops", "works"), [(5, True), (6, False)])
def test_five_redirects_are_followed(web: Web, server: WebServer, hops: int, works: bool) -> None:
    for hop in range(hops):
        server.serve(f"/{hop}", redirect(f"/{hop + 1}"))
    server.serve(f"/{hops}", Answer(b"x"))
    if works:
        assert web.get(server.url("/0"), limit=MIB) == b"x"
    else:
        assert "more than 5" in str(failure(web, server.url("/0")))
    assert len(server.requests) == 6


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_a_redirect_to_another_scheme_is_refused(web: Web, server: WebServer, target: str) -> None:
    assert "redirects from http to" in str(failure(web, server.serve("/a", redirect(target))))


def test_a_redirect_to_nonsense_is_refused(web: Web, server: WebServer) -> None:
    url = server.serve("/a", redirect("http://user:s3cret/x@host/"))
    assert "s3cret" not in str(failure(web, url))
    assert len(server.requests) == 1


def test_behind_a_redirect_that_changes_the_first_url_is_what_is_kept(
    cache: Path, web: Web, server: WebServer
) -> None:
    url = server.serve("/asset", redirect("/store?signature=1"), redirect("/store?signature=2"))
    server.serve("/store", Answer(b"asset", headers={"ETag": '"1"'}))
    assert [web.get(url, limit=MIB) for _ in range(2)] == [b"asset", b"asset"]
    assert [request.answered for request in server.requests] == [302, 200, 302, 304]
    assert offline(cache, url) == b"asset"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def safe_server(authority: trustme.CA) -> Iterator[WebServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with WebServer(tls=context) as running:
        yield running


def test_a_redirect_may_lead_to_https(web: Web, server: WebServer, safe_server: WebServer) -> None:
    target = safe_server.serve("/b", Answer(b"safe"))
    assert web.get(server.serve("/a", redirect(target)), limit=MIB) == b"safe"


def test_a_redirect_may_not_leave_https(
    web: Web, server: WebServer, safe_server: WebServer
) -> None:
    unsafe = server.serve("/b", Answer(b"unsafe"))
    error = failure(web, safe_server.serve("/a", redirect(unsafe)))
    assert "redirects from https to http" in error.reason
    assert server.requests == []


def test_a_redirect_may_not_go_to_https_and_back(
    web: Web, server: WebServer, safe_server: WebServer
) -> None:
    unsafe = server.serve("/b", Answer(b"unsafe"))
    url = server.serve("/a", redirect(safe_server.serve("/middle", redirect(unsafe))))
    assert "redirects from https to http" in str(failure(web, url))


def test_a_certificate_nobody_vouches_for_is_refused_at_once(
    web: Web, safe_server: WebServer, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    error = failure(web, safe_server.serve("/a", Answer(b"x")))
    assert "SSL_CERT_FILE" in (error.hint or "")
    assert sleeper.pauses == []


# --- credentials and environment -------------------------------------------------------------


def test_credentials_go_to_the_server_and_nowhere_else(
    cache: Path, web: Web, server: WebServer
) -> None:
    server.serve("/a", Answer(b"x", headers={"ETag": '"1"'}))
    url = server.url("/a?token=t0ken", user="me:s3cret")
    assert [web.get(url, limit=MIB) for _ in range(2)] == [b"x", b"x"]
    assert all(request.headers["authorization"].startswith("Basic ") for request in server.requests)
    assert offline(cache, url) == b"x"
    for kept in (cache / "http").iterdir():
        assert b"s3cret" not in kept.read_bytes()
        assert b"t0ken" not in kept.read_bytes()
        assert b"asic" not in kept.read_bytes()


@pytest.mark.parametrize("answer", [Answer(status=404), Answer(b"x" * 2000), redirect("ftp://x/")])
def test_credentials_are_not_in_messages(web: Web, server: WebServer, answer: Answer) -> None:
    server.serve("/a", answer)
    error = failure(web, server.url("/a?token=t0ken", user="me:s3cret"), limit=1000)
    assert server.url("/a") in str(error)
    assert not {"me:", "s3cret", "t0ken"} & set(str(error).replace("@", " ").split())
    assert "s3cret" not in str(error)


def test_credentials_follow_a_redirect_on_the_same_server_only(web: Web, server: WebServer) -> None:
    with WebServer() as other:
        target = other.serve("/c", Answer(b"x"))
        server.serve("/b", redirect(target))
        server.serve("/a", redirect("/b"))
        assert web.get(server.url("/a", user="me:s3cret"), limit=MIB) == b"x"
        assert all("authorization" in request.headers for request in server.requests)
        assert "authorization" not in other.requests[0].headers


def test_the_proxy_of_the_environment_is_used(
    web: Web, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/index.yaml", Answer(b"through the proxy"))
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    assert web.get("http://charts.invalid/index.yaml", limit=MIB) == b"through the proxy"
    assert server.requests[0].target == "http://charts.invalid/index.yaml"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "foo://me:s3cret@host"),
        ("ALL_PROXY", "socks5://me:s3cret@host"),
        ("HTTP_PROXY", "http://me:s3cret@host:port"),
        ("SSL_CERT_FILE", "/nonexistent/s3cret"),
    ],
)
def test_an_environment_that_makes_no_sense_is_named(
    web: Web, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    error = failure(web, "http://127.0.0.1/")
    assert name in str(error)
    assert "s3cret" not in str(error)


def test_offline_needs_no_working_environment(
    cache: Path, web: Web, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.serve("/a", Answer(b"x"))
    web.get(url, limit=MIB)
    monkeypatch.setenv("HTTPS_PROXY", "foo://")
    assert offline(cache, url) == b"x"


# --- asking ----------------------------------------------------------------------------------


def test_an_answer_is_a_value(web: Web, server: WebServer, cache: Path) -> None:
    url = server.serve("/a", Answer(b"x", headers={"Docker-Content-Digest": "sha256:0"}))
    reply = web.ask(HttpRequest(url, MIB, "a/b", Secret("Bearer t")))
    assert (reply.status, reply.body, reply.elsewhere) == (200, b"x", False)
    assert reply.headers["docker-content-digest"] == "sha256:0"
    sent = server.requests[0].headers
    assert (sent["authorization"], sent["accept"], sent["accept-encoding"]) == (
        "Bearer t",
        "a/b",
        "identity",
    )
    assert not cache.exists()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_an_answer(web: Web, server: WebServer, status: int) -> None:
    answer = Answer(b"why", status=status, headers={"WWW-Authenticate": "Basic realm=x"})
    reply = web.ask(HttpRequest(server.serve("/a", answer), MIB))
    assert (reply.status, reply.body) == (status, b"")
    assert reply.headers["www-authenticate"] == "Basic realm=x"


def test_what_is_sent(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x", headers={"X-Size": "7"}))
    web.ask(HttpRequest(url, MIB, method="POST", body=Secret("a=b")))
    head = web.ask(HttpRequest(url, MIB, method="HEAD"))
    assert [(one.method, one.body) for one in server.requests] == [("POST", b"a=b"), ("HEAD", b"")]
    assert server.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert (head.status, head.body, head.headers["x-size"]) == (200, b"", "7")


def test_a_redirect_takes_no_authorization_to_another_server(web: Web, server: WebServer) -> None:
    with WebServer() as other:
        server.serve("/a", redirect("/b"))
        server.serve("/b", redirect(other.serve("/c", Answer(b"x"))))
        reply = web.ask(HttpRequest(server.url("/a"), MIB, authorization=Secret("Bearer t")))
        assert (reply.body, reply.elsewhere) == (b"x", True)
        assert "authorization" not in other.requests[0].headers
    assert [one.headers["authorization"] for one in server.requests] == ["Bearer t", "Bearer t"]


def test_a_redirect_may_be_the_answer(web: Web, server: WebServer) -> None:
    reply = web.ask(
        HttpRequest(server.serve("/a", redirect("/b")), MIB, redirects=Redirects.ANSWER)
    )
    assert (reply.status, reply.headers["location"]) == (302, "/b")
    assert len(server.requests) == 1


def test_an_answer_that_is_too_large(web: Web, server: WebServer) -> None:
    url = server.serve("/a", Answer(b"x" * 2000))
    with pytest.raises(HttpError, match=r"larger than 0\.00\d+ MiB"):
        web.ask(HttpRequest(url, 1999))
    assert len(web.ask(HttpRequest(url, 2000)).body) == 2000


def test_asking_is_tried_again(web: Web, server: WebServer, sleeper: Sleeper) -> None:
    busy = Answer(status=429, headers={"Retry-After": "3"})
    url = server.serve("/a", busy, Answer(b"abc", missing=5), Answer(b"abc"))
    assert web.ask(HttpRequest(url, MIB)).body == b"abc"
    assert len(server.requests) == 3
    assert sleeper.pauses[0] == 3.0


def test_offline_nothing_is_asked(cache: Path, server: WebServer) -> None:
    with (
        open_web(cache, Sleeper(), offline=True) as web,
        pytest.raises(HttpError, match="not in the cache, and offline"),
    ):
        web.ask(HttpRequest(server.serve("/a", Answer(b"x")), MIB))
    assert server.requests == []
