"""Finds the application behind a name, as web servers name it: ``module:attribute`` or ``module:factory()``."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import socketio

from .asgi import asgi
from .errors import InvalidOptionError
from .wsgi import wsgi


def serve(name: str, **options: Any) -> Any:
    """Load an application, and serve its event handlers to the edge beside its HTTP routes.

    Args:
        name: ``"module:attribute"``, or ``"module:factory()"``, of one of: a Flask application with a ``SocketIO``,
            that ``SocketIO`` itself, a ``socketio.WSGIApp`` or a Flask application with one as its ``wsgi_app``, a
            ``socketio.ASGIApp``, or an application of Starlette or FastAPI with an ``ASGIApp`` mounted in it.
        options: passed on to ``wsgi()`` or ``asgi()``.

    Returns:
        A WSGI application or, for an ``AsyncServer``, an ASGI application.

    Raises:
        InvalidOptionError: names what is missing.
        ImportError: of the module.

    Example::

        gunicorn -w 8 'socketio_bridge:serve("myapp:app")'

    """
    application = _load(name)
    server = _server_of(application)
    if server is None:
        raise InvalidOptionError(
            f"{name} is {type(application).__name__}, in which there is no Socket.IO server: "
            "name the SocketIO or the Server itself, or call socketio.init_app(app) first"
        )
    extension = _extension_of(application)
    app = extension.sockio_mw if extension is application else application if callable(application) else None
    if isinstance(server, socketio.AsyncServer):
        return asgi(server, app, **options)
    return wsgi(server if extension is None else extension, app, **options)


def _load(name: str) -> Any:
    module_name, colon, attribute = name.partition(":")
    is_factory = attribute.endswith("()")
    is_module = all(part.isidentifier() for part in module_name.split("."))
    if not colon or not is_module or not _name_of(attribute).isidentifier():
        raise InvalidOptionError(f"{name!r} is not of the form module:attribute or module:factory()")
    if os.getcwd() not in sys.path:
        # As `gunicorn` and `uvicorn` do; a web server installed elsewhere may not.
        sys.path.insert(0, os.getcwd())
    module = importlib.import_module(module_name)
    attribute = _name_of(attribute)
    if not hasattr(module, attribute):
        raise InvalidOptionError(
            f"the module {module_name} has no {attribute}: name the application, or its SocketIO, as module:attribute"
        )
    value = getattr(module, attribute)
    if is_factory and not callable(value):
        raise InvalidOptionError(f"{attribute} of {module_name} is {type(value).__name__}, which is no factory")
    return value() if is_factory else value


def _extension_of(application: Any) -> Any:
    """Return the ``SocketIO`` of Flask-SocketIO, of which a Flask application knows."""
    if hasattr(application, "sockio_mw"):
        return application
    extensions = getattr(application, "extensions", None)
    return extensions.get("socketio") if isinstance(extensions, dict) else None


def _server_of(application: Any) -> Any:
    if application is None:
        return None
    extension = _extension_of(application)
    if extension is not None:
        return extension.server
    if isinstance(application, (socketio.Server, socketio.AsyncServer)):
        return application
    for attribute in ("engineio_app", "engineio_server"):  # of `socketio.WSGIApp` and of `socketio.ASGIApp`
        engine = getattr(application, attribute, None)
        if isinstance(engine, (socketio.Server, socketio.AsyncServer)):
            return engine
    inner = [getattr(route, "app", None) for route in getattr(application, "routes", ())]
    # Flask without Flask-SocketIO: `app.wsgi_app = socketio.WSGIApp(sio, app.wsgi_app)`.
    inner.append(getattr(application, "wsgi_app", None))
    return next((server for server in map(_server_of, inner) if server is not None), None)


def _name_of(attribute: str) -> str:
    return attribute.removesuffix("()")
