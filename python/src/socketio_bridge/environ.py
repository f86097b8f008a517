"""The environment of a request by which a client connected, as a server for it would have made it."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from .calls import Request

_DEFAULT_PORTS = {"http": "80", "https": "443"}


def _server(host: str, scheme: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return name, port
    return host or "localhost", _DEFAULT_PORTS.get(scheme, "80")


def wsgi_environ(request: Request) -> dict[str, Any]:
    """Build a WSGI environment (PEP 3333).

    Headers that came more than once are joined: cookies with a semicolon, others with a comma. The body of the request
    is not there, and neither is its length.
    """
    headers: dict[str, str] = {}
    for name, content in request.headers:
        # As gunicorn does: `x_forwarded_for` of a client would become one with the `x-forwarded-for` of a proxy.
        if "_" in name or name == "content-length":
            continue
        key = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"
        separator = "; " if name == "cookie" else ","
        headers[key] = headers[key] + separator + content if key in headers else content
    server_name, server_port = _server(headers.get("HTTP_HOST", ""), request.scheme)
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, "latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "REMOTE_ADDR": request.remote_address,
        "REMOTE_PORT": str(request.remote_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **headers,
    }


def asgi_scope(request: Request) -> dict[str, Any]:
    """Build the scope of an ASGI connection, as it is in ``environ["asgi.scope"]`` of an ``AsyncServer``."""
    headers = [(name.encode("latin-1"), content.encode("latin-1")) for name, content in request.headers]
    is_websocket = any(name == "upgrade" and content.lower() == "websocket" for name, content in request.headers)
    host = next((content for name, content in request.headers if name == "host"), "")
    server_name, server_port = _server(host, request.scheme)
    return {
        "type": "websocket" if is_websocket else "http",
        "asgi": {"version": "3.0"},
        "http_version": request.http_version,
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote(request.path),
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": (request.remote_address, request.remote_port),
        "server": (server_name, int(server_port)),
    }
