"""A token service for a real registry, as distribution's specification of tokens has it."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from tests.loopback import Loopback
from tests.registry.running import PASSWORD, USER

ISSUER, SERVICE, KEY = "tests", "registry.tests", "tests-key"
IDENTITY = f"identity-{PASSWORD}"


@dataclass(frozen=True)
class Question:
    """What was asked for, and by whom; `who` is empty for anybody."""

    method: str
    form: dict[str, list[str]]
    headers: dict[str, str]
    who: str


class TokenService(Loopback):
    """Gives tokens to `USER`, to who has `IDENTITY`, and, where it is `open`, to anybody.

    Attributes:
        lifetime: of a token in seconds; the registry allows a minute more.
    """

    def __init__(self) -> None:
        super().__init__(_Handler, service=self)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.open = True
        self.lifetime = 300
        self.questions: list[Question] = []
        self.lock = threading.Lock()

    def config(self, directory: Path, realm: str = "") -> dict[str, Any]:
        """Return what a registry has to be told to take the tokens."""
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": KEY, "use": "sig", "alg": "ES256"}
        key |= {"x": _coded(numbers.x.to_bytes(32)), "y": _coded(numbers.y.to_bytes(32))}
        path = directory / "jwks.json"
        path.write_text(json.dumps({"keys": [key]}))
        options = {"realm": realm or f"http://{self.host}/token", "jwks": str(path)}
        options |= {"service": SERVICE, "issuer": ISSUER}
        # Both, because the registry's own default leaves out the one that we sign with.
        return {"token": {**options, "signingalgorithms": ["ES256"]}}

    def token(self, scopes: list[str]) -> str:
        """Return a token for what is asked, in the form of RFC 7519."""
        now = int(time.time())
        access = [
            {"type": kind, "name": name, "actions": actions.split(",")}
            for kind, name, actions in (scope.split(":") for scope in scopes)
        ]
        claims = {"iss": ISSUER, "sub": USER, "aud": SERVICE, "access": access, "iat": now}
        claims |= {"nbf": now - 5, "exp": now + self.lifetime, "jti": str(time.monotonic_ns())}
        head = _coded(json.dumps({"alg": "ES256", "typ": "JWT", "kid": KEY}).encode())
        signed = f"{head}.{_coded(json.dumps(claims).encode())}"
        made = self.key.sign(signed.encode(), ec.ECDSA(SHA256()))
        r, s = utils.decode_dss_signature(made)
        return f"{signed}.{_coded(r.to_bytes(32) + s.to_bytes(32))}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10.0
    service: TokenService

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = self.rfile.read(int(headers.get("content-length", "0"))).decode()
        form = parse_qs(sent or urlsplit(self.path).query)
        who = _who(headers.get("authorization", ""), form)
        with self.service.lock:
            self.service.questions.append(Question(self.command, form, headers, who))
        known = who == USER or (not who and self.service.open)
        body = {"token": self.service.token(form.get("scope", []))} if known else {}
        data = json.dumps(body).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def _who(authorization: str, form: dict[str, list[str]]) -> str:
    if form.get("grant_type") == ["refresh_token"]:
        return USER if form.get("refresh_token") == [IDENTITY] else "somebody else"
    if not authorization:
        return ""
    pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    return USER if pair == f"{USER}:{PASSWORD}" else "somebody else"


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
