"""The server of the live page: on the loopback alone, for pages that it served itself."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files

import uvicorn
from fastapi import FastAPI, Request
from nicegui import background_tasks, ui
from nicegui.client import ClientConnectionTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim.app.web.session_view import ServerSettings, SessionView
from sim.errors import InputError

HOST = "127.0.0.1"
PORT = 8017
"""Tried first, so that links of yesterday open today; another one where it is taken."""
STYLE = (files("sim") / "templates" / "explore.css").read_text(encoding="utf-8")

SETTLED = 12.0
"""Seconds after which the web framework has let go of a closed tab: it looks every ten."""

NIGHT = "matchMedia('(prefers-color-scheme: dark)').matches"


HEADERS = {
    "Content-Security-Policy": "; ".join((
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # the page is compiled in the browser
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        f"connect-src 'self' ws://{HOST}:* ws://localhost:*",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip
"""Of every response: no other page frames, embeds or opens this one, and it loads nothing else."""


class SecurityHeaders:
    """Adds HEADERS to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)


class ConnectedOnly:
    """Passes over requests and sockets that were given up before the server came to them.

    A server that was suspended finds those of all the attempts to reach it meanwhile.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        read = [await receive()]
        if read[0]["type"] in ("http.disconnect", "websocket.disconnect"):
            return

        async def again() -> Message:
            return read.pop() if read else await receive()

        await self.app(scope, again, send)


class OwnPagesOnly:
    """Answers 403 to requests of a page of another origin, through a socket as well."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and origin != f"http://{headers.get('host')}":
                await PlainTextResponse("another origin", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def serve(
    settings: ServerSettings, port: int | None = None, say: Callable[[str], None] = print
) -> None:
    """Serve the page until Ctrl-C.

    Args:
        room: what all tabs share.
        port: of the loopback; None: PORT, or a free one where that is taken.
        say: called with the address, once it listens.

    Raises:
        InputError: the port is taken or not allowed.
    """
    with listening(port) as one:
        say(address(one))
        with suppress(KeyboardInterrupt):
            server(settings).run(sockets=[one])


def server(settings: ServerSettings) -> uvicorn.Server:
    """A server of the page; a process can have one."""
    application = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    application.add_middleware(OwnPagesOnly)
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    application.add_middleware(ConnectedOnly)
    application.add_middleware(SecurityHeaders)  # the outermost

    @ui.page("/", title="Detente")
    async def page(request: Request) -> None:
        await build_page(settings, request.query_params.get("state", ""))

    ui.button.default_props("no-caps")
    ui.run_with(application, title="Detente", dark=None, language="en-GB", tailwind=False,
                show_welcome_message=False, binding_refresh_interval=None)  # fmt: skip
    return uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="on"))


def address(listening: socket.socket) -> str:
    """Of the page that a socket serves."""
    return f"http://{HOST}:{listening.getsockname()[1]}/"


def open_browser(address: str) -> None:
    """Open the page, where there is a browser."""
    webbrowser.open(address)


def listening(port: int | None) -> socket.socket:
    """A socket of the loopback.

    Raises:
        InputError: the port is taken or not allowed.
    """
    for tried in (PORT, 0) if port is None else (port,):
        one = socket.socket()
        if os.name == "posix":  # elsewhere it would let two listen on one port
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, tried))
            one.listen()
            return one
        except (OSError, OverflowError):
            one.close()
    raise InputError(f"--port: {port} cannot be listened on; allowed: a free port")


async def build_page(
    settings: ServerSettings, link: str, opened: Callable[[SessionView], object] = id
) -> None:
    """Make the page of one tab.

    Args:
        room: what all tabs share.
        link: of a state; empty: a new workspace.
        opened: called with the view of the tab.
    """
    ui.add_css(STYLE)
    client = ui.context.client
    try:
        await client.connected(timeout=30)
        dark = await ui.run_javascript(NIGHT, timeout=10)
    except (ClientConnectionTimeout, TimeoutError):  # whoever asked for the page has left it
        return
    if client.is_deleted:
        return
    session = SessionView(settings, link)
    client.on_delete(session.leave)
    with client:
        session.build(bool(dark))
    work = background_tasks.create(session.work(), name="worker")
    work.add_done_callback(_closed)
    opened(session)


def _closed(work: asyncio.Task[None]) -> None:
    """The worker of a tab has ended, because the tab was closed or the server stops."""
    if not work.cancelled():
        background_tasks.create_lazy(give_back_memory(), name="memory")


async def give_back_memory() -> None:
    """Give the memory of closed tabs back to the system.

    A tab is thousands of objects that refer to each other; they would wait for a rare collection,
    and what they occupied would then be kept for the next ones.
    """
    await asyncio.sleep(SETTLED)
    await asyncio.to_thread(gc.collect)
    with suppress(OSError, TypeError, AttributeError):  # not the C library of GNU
        ctypes.CDLL(None).malloc_trim(0)
