from __future__ import annotations

import base64
import gzip
import json
import logging
import socket
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest
from msgspec import Struct

from fluxbump.errors import ForgeError
from fluxbump.forges import client as module
from fluxbump.forges.authorization import Auth, basic, bearer
from fluxbump.forges.client import PATIENCE, Client, path
from fluxbump.forges.responses import Answer as Received
from fluxbump.forges.responses import StatusError, UncertainError
from fluxbump.system.secret import Secret
from tests.sleeper import Sleeper
from tests.web_server import Answer, WebServer

TOKEN = "ghp_planted/t0ken+with=signs"
NOW = 1_800_000_000.0


class Item(Struct, frozen=True, kw_only=True):
    number: int
    title: str = ""


def told(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(value).encode(), status, headers)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


@pytest.fixture
def client(server: WebServer, sleeper: Sleeper) -> Client:
    return made(server.url("/api/"), sleeper)


def made(base: str, sleeper: Sleeper, auth: Auth | None = None) -> Client:
    return Client(
        "Forge", base, auth or bearer(Secret(TOKEN)), {"x-version": "1"},
        clock=sleeper.clock, now=lambda: NOW + sleeper.clock(), sleep=sleeper,
    )  # fmt: skip


def refused(call: Callable[[], object]) -> ForgeError:
    with pytest.raises(ForgeError) as raised:
        call()
    assert TOKEN not in str(raised.value)
    return raised.value


# --- what is sent -----------------------------------------------------------------------------


def test_sends_what_it_is_given(server: WebServer, client: Client) -> None:
    server.serve("/api/a%2Fb/c", told({"number": 1}, 201))
    body = {"title": "ü"}
    answer = client.send("POST", path("a/b", "c"), query={"head": "o:b/c"}, body=body)
    assert answer.read(Item) == Item(number=1)
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/api/a%2Fb/c?head=o%3Ab%2Fc")
    assert json.loads(request.body) == body
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-version"] == "1"
    assert request.headers["user-agent"].startswith("fluxbump/")


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (bearer(Secret("t"), scheme="token"), "authorization", "token t"),
        (basic("me", Secret("t")), "authorization", "Basic bWU6dA=="),
    ],
)
def test_ways_to_say_who_we_are(
    auth: Auth, header: str, value: str, server: WebServer, sleeper: Sleeper
) -> None:
    server.serve("/x", told({}))
    made(server.url(""), sleeper, auth).get("/x")
    assert server.requests[0].headers[header] == value
    assert value not in repr(auth)


@pytest.mark.parametrize("token", ["", "line\nbreak", "a-blank ", "ü", "nul\0"])
def test_what_cannot_be_a_token_is_refused_before_it_is_sent(token: str) -> None:
    error = refused(lambda: bearer(Secret(token)))
    assert "the token" in error.message
    assert not token or token not in str(error)


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("http://forge.example.org/api", "sends no token"),
        ("ftp://forge.example.org", "not a valid https URL"),
        ("https://", "not a valid https URL"),
        ("https://a:b", "not a valid https URL"),
    ],
)
def test_a_token_is_not_sent_in_the_clear(base: str, reason: str, sleeper: Sleeper) -> None:
    assert reason in refused(lambda: made(base, sleeper)).message


def test_user_and_query_of_the_address_are_dropped(sleeper: Sleeper) -> None:
    assert made("https://me:pw@forge.example.org/api/?a=1#b", sleeper).base == (
        "https://forge.example.org/api"
    )


# --- what comes back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"number": "1"}', b'{"title": "a"}', b"[" * 100_000, b"\xff"]
)
def test_another_shape_is_an_error(body: bytes, server: WebServer, client: Client) -> None:
    server.serve("/api/x", Answer(body))
    error = refused(lambda: client.get("/x").read(Item))
    assert error.message.startswith(
        "Forge: GET /api/x: answered what its documentation does not allow: "
    )
    assert "\n" not in str(error)


def test_more_keys_may_be_there_and_gzip_is_read(server: WebServer, client: Client) -> None:
    body = gzip.compress(b'{"number": 7, "new": {}}')
    server.serve("/api/x", Answer(body, headers={"Content-Encoding": "gzip"}))
    assert client.get("/x").read(Item).number == 7


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_without_end_is_not_read(
    packed: bool, server: WebServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1 << 20)
    body = b" " * (2 << 20)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    server.serve("/api/x", Answer(gzip.compress(body) if packed else body, headers=headers))
    assert "larger than 1 MiB" in refused(lambda: client.get("/x")).message


# --- pages ------------------------------------------------------------------------------------


def test_follows_links_to_the_last_page(server: WebServer, client: Client) -> None:
    # A server behind a proxy names itself by another scheme and port.
    link = '<https://127.0.0.1:1/api/x?page=2>; rel="next", </api/x?page=9>; rel="last"'
    server.serve("/api/x", told([{"number": 1}, {"number": 2}], Link=link), told([{"number": 3}]))
    pages = client.pages("/x", list[Item], query={"per_page": 2})
    assert [item.number for page in pages for item in page] == [1, 2, 3]
    assert [r.target for r in server.requests] == ["/api/x?per_page=2", "/api/x?page=2"]


@pytest.mark.parametrize("note", ["é", "\xff\xfe", "\x80"])
def test_any_bytes_may_be_in_a_header(note: str, server: WebServer, client: Client) -> None:
    """A proxy in front of the forge may speak another language than ASCII."""
    more = {"X-Note": note, "Link": f'</api/x?page=2>; rel="next"; title="{note}"'}
    server.serve("/api/x", Answer(b'[{"number": 1}]', headers=more), told([{"number": 2}]))
    pages = client.pages("/x", list[Item])
    assert [item.number for page in pages for item in page] == [1, 2]


@pytest.mark.parametrize("link", ["<https://evil.example.org/>", "<http://[>", "<http://xn--/>"])
def test_a_page_elsewhere_is_not_read(link: str, server: WebServer, client: Client) -> None:
    server.serve("/api/x", told([], Link=f'{link}; rel="next"'))
    error = refused(lambda: list(client.pages("/x", list[Item])))
    assert "its next page is on another server" in error.message


def test_pages_without_end_are_an_error(server: WebServer, client: Client) -> None:
    server.serve("/api/x", told([], Link='</api/x>; rel="next"'))
    error = refused(lambda: list(client.pages("/x", list[Item], most=3)))
    assert "more than 3 pages" in error.message


def test_other_ways_to_name_the_next_page(server: WebServer, client: Client) -> None:
    server.serve("/api/x", told([{"number": 1}]), told([{"number": 2}]), told([]))

    def following(answer: Received) -> str | None:
        skip = int(answer.url.params.get("$skip", 0)) + 1
        more = str(answer.url.copy_merge_params({"$skip": skip}))
        return more if answer.read(list[Item]) else None

    pages = client.pages("/x", list[Item], query={"$top": 1}, following=following)
    assert [item.number for page in pages for item in page] == [1, 2]
    assert server.requests[2].target == "/api/x?%24top=1&%24skip=2"


# --- redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_repeated_as_it_was(status: int, server: WebServer, client: Client) -> None:
    server.serve("/api/old", Answer(status=status, headers={"Location": "/api/new"}))
    server.serve("/api/new", told({"number": 1}, 201))
    client.send("POST", "/old", body={"a": 1})
    assert [(r.method, r.body) for r in server.requests] == [("POST", b'{"a":1}')] * 2


def test_the_token_does_not_follow_to_another_server(server: WebServer, client: Client) -> None:
    with WebServer() as other:
        server.serve("/api/x", Answer(status=302, headers={"Location": other.url("/x")}))
        error = refused(lambda: client.get("/x"))
        assert "redirects to another server" in error.message
        assert other.requests == []


def test_bad_redirects_end(server: WebServer, client: Client) -> None:
    server.serve("/api/round", Answer(status=302, headers={"Location": "/api/round"}))
    server.serve("/api/bad", Answer(status=302, headers={"Location": "http://a:b"}))
    assert "redirects more than 5 times" in refused(lambda: client.get("/round")).message
    assert "not a URL" in refused(lambda: client.get("/bad")).message


def test_an_address_of_another_server_is_not_asked(client: Client) -> None:
    assert "another server" in refused(lambda: client.get("https://evil.example.org/")).message


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "FLUXBUMP_TOKEN"),
        (403, "lacks the permission"),
        (404, "cannot read it"),
        (409, "run fluxbump again"),
        (422, None),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, hint: str | None, server: WebServer, client: Client
) -> None:
    server.serve("/api/x", told({"message": "No\nway"}, status))
    error = refused(lambda: client.send("POST", "/x"))
    assert isinstance(error, StatusError)
    assert (error.status, error.said) == (status, "No way")
    assert error.message == f"Forge: POST /api/x: HTTP {status}: No way"
    assert error.hint == hint if hint is None else hint in str(error.hint)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"message": "Validation Failed", "errors": [{"message": "exists", "code": "custom"}]},
            "Validation Failed; exists",
        ),
        ({"errors": [{"resource": "Issue", "field": "x", "code": "bad"}]}, "Issue x bad"),
        ({"message": {"branch": ["is taken", "is long"]}}, "branch is taken; branch is long"),
        ({"error": {"message": "Not found", "detail": "no repo"}}, "Not found; no repo"),
        ({"error": "invalid_token", "error_description": "expired"}, "invalid_token; expired"),
        ({"$id": "1", "message": "TF401179: exists", "typeKey": "x"}, "TF401179: exists"),
        ("<html>", "<html>"),
        (None, ""),
        (17, ""),
    ],
)
def test_what_forges_say_about_errors(
    body: object, said: str, server: WebServer, client: Client
) -> None:
    server.serve("/api/x", told(body, 422))
    error = refused(lambda: client.get("/x"))
    assert isinstance(error, StatusError)
    assert error.said == said


def test_what_a_server_says_is_made_harmless(server: WebServer, client: Client) -> None:
    echo = f"\x1b[31mBearer {TOKEN} \u202e or {TOKEN.replace('/', '%2F')}\r\n" + "x" * 10_000
    server.serve("/api/x", told({"message": echo}, 401))
    error = refused(lambda: client.get("/x"))
    assert "[31mBearer *** or ghp_planted***" not in error.message
    assert "Bearer ***" in error.message
    assert error.message.isprintable()
    assert len(error.message) < 400


def test_the_encoded_token_is_not_shown_either(server: WebServer, sleeper: Sleeper) -> None:
    encoded = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    server.serve("/x", told({"message": f"bad {encoded}"}, 401))
    client = made(server.url(""), sleeper, basic("me", Secret(TOKEN)))
    assert encoded not in str(refused(lambda: client.get("/x")))


# --- patience ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_asks_again_after_a_passing_failure(
    status: int, server: WebServer, client: Client, sleeper: Sleeper
) -> None:
    server.serve("/api/x", Answer(status=status), Answer(cut=True), told({"number": 1}))
    assert client.get("/x").read(Item).number == 1
    first, second = sleeper.pauses
    assert 0.5 <= first <= 1.0 <= second <= 2.0


def test_gives_up_after_some_attempts(server: WebServer, client: Client) -> None:
    server.serve("/api/x", told({"message": "down"}, 502))
    error = refused(lambda: client.get("/x"))
    assert error.message == "Forge: GET /api/x: HTTP 502: down"
    assert len(server.requests) == PATIENCE.attempts


@pytest.mark.parametrize(
    "answer",
    [Answer(status=500), Answer(status=503), Answer(cut=True), Answer(b"{", 201, missing=9)],
)
def test_what_may_have_been_done_is_not_done_twice(
    answer: Answer, server: WebServer, client: Client
) -> None:
    server.serve("/api/x", answer)
    error = refused(lambda: client.send("POST", "/x"))
    assert isinstance(error, UncertainError)
    assert error.facts == ("fluxbump does not know whether the forge did it",)
    assert len(server.requests) == 1


def test_what_was_not_done_is_done(server: WebServer, client: Client) -> None:
    server.serve(
        "/api/x",
        Answer(status=429),
        told({"message": "x"}, 503, **{"Retry-After": "3"}),
        told({"message": "You have exceeded a secondary rate limit."}, 403),
        told({}, 201),
    )
    assert client.send("POST", "/x").status == 201


def test_a_request_can_be_said_to_be_repeatable(server: WebServer, client: Client) -> None:
    server.serve("/api/x", Answer(cut=True), told({}))
    client.send("PATCH", "/x", repeatable=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"Retry-After": "17"}, 17),
        (503, {"Retry-After": formatdate(NOW + 20, usegmt=True)}, 20),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 40:.0f}"}, 40),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": f"{NOW + 41:.0f}"}, 41),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "12"}, 12),
    ],
)
def test_waits_as_long_as_it_is_asked_to(
    status: int,
    headers: dict[str, str],
    pause: float,
    server: WebServer,
    sleeper: Sleeper,
) -> None:
    server.serve("/api/x", told({"message": "slow down"}, status, **headers), told({}))
    made(server.url("/api"), sleeper).get("/x")
    assert sleeper.pauses == [pause]


@pytest.mark.parametrize(
    ("reset", "when"),
    [(f"{NOW + 1800:.0f}", "2027-01-15 08:30 UTC"), ("9" * 400, "much later")],
)
def test_says_when_to_try_again_where_that_is_too_long(
    reset: str, when: str, server: WebServer, client: Client, sleeper: Sleeper
) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    server.serve("/api/x", told({"message": "API rate limit exceeded"}, 403, **headers))
    error = refused(lambda: client.get("/x"))
    assert error.message == "Forge: GET /api/x: HTTP 403: API rate limit exceeded"
    assert error.facts == (f"the forge asks to wait until {when}",)
    assert error.hint == "try again then"
    assert sleeper.pauses == []


def test_all_pauses_together_are_bounded(
    server: WebServer, client: Client, sleeper: Sleeper
) -> None:
    server.serve("/api/x", told({}, 429, **{"Retry-After": "50"}))
    error = refused(lambda: client.get("/x"))
    assert "the forge asks to wait until" in error.facts[0]
    assert sleeper.pauses == [50]


def test_a_forge_that_is_not_there(sleeper: Sleeper) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refused(lambda: made(f"http://127.0.0.1:{port}", sleeper).send("POST", "/x"))
    assert error.message.startswith(
        f"Forge: POST http://127.0.0.1:{port}/x: no answer (connection refused)"
    )
    assert "check the network" in str(error.hint)
    assert len(sleeper.pauses) == PATIENCE.attempts - 1
    assert not isinstance(error, UncertainError)


def test_the_token_is_in_no_log(
    server: WebServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.serve("/api/x", Answer(cut=True), told({"message": "no"}, 401))
    error = refused(lambda: client.get("/x"))
    assert caplog.records
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(client) + repr(error)
