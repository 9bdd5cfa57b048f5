"""A publisher on 127.0.0.1 whose answers a test writes down.

It stands in for every host: as a mirror, ``https://HOST/PATH`` is asked for as ``/HOST/PATH``. Each address has a list
of answers, given in turn; the last one is repeated. An address without answers is a 404.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer; ``announced`` is the Content-Length it claims, where that is not the truth."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None


Reply = Answer | Callable[[Mapping[str, str]], Answer]
"""An answer, or a function of the query that gives one."""


@dataclass(frozen=True)
class Asked:
    """One request as it came: address without query, query, headers, and what was posted."""

    address: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Publisher:
    """The answers to give, by ``HOST/PATH``, and the requests that came."""

    base: str
    answers: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def says(self, address: str, *replies: Reply) -> None:
        """What is answered at an address from now on."""
        self.answers[address] = list(replies)

    def times_asked(self, address: str) -> int:
        """How often an address was asked for."""
        return sum(one.address == address for one in self.asked)

    def next_reply(self, asked: Asked) -> Answer:
        """The answer to a request, and the request remembered."""
        self.asked.append(asked)
        waiting = self.answers.get(asked.address, [Answer(b"not here", 404)])
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return reply if isinstance(reply, Answer) else reply(asked.query)


def answer_json(value: Any) -> Answer:
    """An answer of JSON."""
    return Answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


@contextmanager
def publishing() -> Iterator[Publisher]:
    """A publisher that listens while the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.publisher = Publisher(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.publisher  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Gives the next answer of the address; HTTP/1.0, so the end of the connection ends a body."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(parts.path.lstrip("/"), query, dict(self.headers), body)
        answer = self.server.publisher.next_reply(asked)  # type: ignore[attr-defined]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(answer.announced or len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_GET

    def log_message(self, *_args: object) -> None:
        """Say nothing: the requests are in `Publisher.asked`."""
