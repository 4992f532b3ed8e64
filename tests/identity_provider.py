"""An identity provider that says whatever a test wants it to say, over real HTTP in a thread.

It signs with a real key and serves discovery, keys and tokens. What a well-behaved provider does is
tested against one (tests/browser/test_sign_in_by_provider.py); this one is for what none should do.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET, CODE = "evalhub", "told-only-to-evalhub", "a-code"


class SpokenProvider:
    def __init__(self) -> None:
        self.key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.published = self.key
        self.claims: dict[str, Any] = {}
        self.user_info: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.issuer = self.announced_issuer = ""
        self.challenge = ""  # of the question that it answers; PKCE fails without it

    def answer_get(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.announced_issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/userinfo":
            return self.user_info
        key = json.loads(RSAAlgorithm.to_jwk(self.published.public_key()))
        return {"keys": [key | {"kid": "one", "alg": "RS256", "use": "sig"}]}

    def answer_token(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        challenge = sha256(form.get("code_verifier", [""])[0].encode()).digest()
        if (
            urlsafe_b64encode(challenge).decode().rstrip("=") != self.challenge
            or form["client_secret"] != [SECRET]
            or form["code"] != [CODE]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self._id_token()}

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60} | self.claims
        key = self.key if self.algorithm.startswith("RS") else "0" * 64
        return jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": "one"})


@contextmanager
def spoken_provider() -> Iterator[SpokenProvider]:
    provider = SpokenProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, provider.answer_get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(*provider.answer_token(parse_qs(body)))

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Nothing: the tests' output is not its place."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    provider.issuer = provider.announced_issuer = f"http://127.0.0.1:{server.server_port}"
    yield provider
    server.shutdown()
    server.server_close()
    thread.join()
