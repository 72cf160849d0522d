"""What the page takes from a browser: nothing that another page sends, and no frame of another page around it.

A cookie belongs to a machine and not to a port: every other page that is served from this one, a notebook's or a
downloaded one, would be let in with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Served = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

FRAMED = (b"content-security-policy", b"frame-ancestors 'self'")
"""The header by which a browser shows the page in no other one."""


def own(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether the page itself sent a request, or no page at all: browsers say which page sends one.

    >>> own([(b"host", b"127.0.0.1:2027"), (b"origin", b"http://127.0.0.1:2027")])
    True
    >>> own([(b"host", b"127.0.0.1:2027"), (b"origin", b"http://127.0.0.1:8888")]), own([(b"host", b"127.0.0.1:2027")])
    (False, True)
    """
    said = {name.lower(): value.decode("latin-1") for name, value in headers}
    origin = said.get(b"origin")
    try:
        return origin is None or urlsplit(origin).netloc.lower() == said.get(b"host", "").lower()
    except ValueError:  # no address at all
        return False


class Guard:
    """Passes to *served* what comes from its own page (ASGI, as https://asgi.readthedocs.io describes it)."""

    def __init__(self, served: Served) -> None:
        self.served = served

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or own(scope["headers"]):
            await self.served(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # "policy violation": RFC 6455, section 7.4.1
        else:
            told = b"refused: this was sent by another page; open the address that `gradlab lab` printed\n"
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": told})


def _unframed(send: Send) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), FRAMED]}
        await send(message)

    return sent


def stand_guard() -> None:
    """Put the guard before every page that marimo serves from this process."""
    from marimo._server.registry import MIDDLEWARE_REGISTRY
    from starlette.middleware import Middleware

    MIDDLEWARE_REGISTRY.register("gradlab", Middleware(Guard))
