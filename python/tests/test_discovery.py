"""Applications of each shape, by the name under which a web server would find them."""

import sys
from types import ModuleType

import flask
import flask_socketio
import pytest
import socketio
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route

import socketio_bridge
from tests.support import SECRET, AsyncQueue, Queue, call_of, post, post_asgi, send_asgi, send_wsgi


@pytest.fixture
def module(monkeypatch):
    module = ModuleType("an_application")
    monkeypatch.setitem(sys.modules, "an_application", module)
    monkeypatch.setenv("SOCKETIO_BRIDGE_SECRET", SECRET)
    return module


def flask_application(**options):
    app = flask.Flask("an_application")
    app.secret_key = "k"
    app.add_url_rule("/", view_func=lambda: "page")
    io = flask_socketio.SocketIO(app, async_mode="threading", **{"client_manager": Queue(), **options})
    io.on("echo")(lambda data: data)
    return app, io


def server():
    server = socketio.Server(client_manager=Queue(), async_mode="threading")
    server.on("echo", lambda _sid, data: data)
    return server


def flask_with_server():
    app = flask.Flask("an_application")
    app.add_url_rule("/", view_func=lambda: "page")
    app.wsgi_app = socketio.WSGIApp(server(), app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents it
    return app


def async_server():
    server = socketio.AsyncServer(client_manager=AsyncQueue(), async_mode="asgi")
    server.on("echo", lambda _sid, data: data)
    return server


def page(_environ, start_response):
    start_response("200 OK", [("Content-Length", "4")])
    return [b"page"]


async def async_page(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"page"})


def fastapi_application():
    app = FastAPI()
    app.add_api_route("/", lambda: "page")
    app.mount("/socket.io", socketio.ASGIApp(async_server()))
    return app


def starlette_application():
    nested = Starlette(routes=[Mount("/deeper", socketio.ASGIApp(async_server()))])
    return Starlette(routes=[Route("/", async_page), Mount("/nested", nested)])


ECHO = call_of("event", wantsAck=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: flask_application()[0],
        lambda: flask_application()[1],
        lambda: socketio.WSGIApp(server(), page),
        flask_with_server,
    ],
    ids=["Flask", "SocketIO", "WSGIApp", "Flask with WSGIApp"],
)
@pytest.mark.parametrize("is_factory", [False, True])
def test_applications_of_wsgi(module, make, is_factory):
    module.app = make if is_factory else make()
    app = socketio_bridge.serve("an_application:app()" if is_factory else "an_application:app")

    assert post(app, ECHO, [1])[1]["ack"] == [1]
    assert send_wsgi(app, b"", method="GET", path="/") == (200, b"page")


@pytest.mark.parametrize(
    "make",
    [lambda: socketio.ASGIApp(async_server(), async_page), fastapi_application, starlette_application],
    ids=["ASGIApp", "FastAPI", "Starlette"],
)
@pytest.mark.parametrize("is_factory", [False, True])
def test_applications_of_asgi(module, make, is_factory):
    module.app = make if is_factory else make()
    app = socketio_bridge.serve("an_application:app()" if is_factory else "an_application:app")

    assert post_asgi(app, ECHO, [1])[1]["ack"] == [1]


def test_an_application_of_asgi_gets_other_requests(module):
    module.app = socketio.ASGIApp(async_server(), async_page)
    app = socketio_bridge.serve("an_application:app")

    assert send_asgi(app, b"", method="GET", path="/") == (200, b"page")


def test_a_server_alone_has_no_other_requests(module):
    module.server, module.async_server = server(), async_server()
    app, async_app = (socketio_bridge.serve(f"an_application:{name}") for name in ("server", "async_server"))

    assert (post(app, ECHO, [1])[1]["ack"], send_wsgi(app, b"", path="/")[0]) == ([1], 404)
    assert (post_asgi(async_app, ECHO, [1])[1]["ack"], send_asgi(async_app, b"", path="/")[0]) == ([1], 404)


def test_an_application_may_wrap_itself():
    app, io = flask_application()
    app.wsgi_app = socketio_bridge.wsgi(io, app.wsgi_app, secret=SECRET)

    assert post(app, ECHO, [1])[1]["ack"] == [1]
    assert send_wsgi(app, b"", method="GET", path="/") == (200, b"page")


def test_an_application_may_be_initialised_later(module):
    io = flask_socketio.SocketIO()
    io.on("echo")(lambda data: data)
    module.app = flask.Flask("an_application")
    io.init_app(module.app, client_manager=Queue(), async_mode="threading")
    app = socketio_bridge.serve("an_application:app", path="/elsewhere")

    assert post(app, ECHO, [1], path="/elsewhere")[1]["ack"] == [1]


def test_the_module_may_be_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    tmp_path.joinpath("app_in_a_directory.py").write_text(
        "import socketio\n"
        "from tests.support import Queue\n"
        "server = socketio.Server(client_manager=Queue(), async_mode='threading')\n"
    )

    assert callable(socketio_bridge.serve("app_in_a_directory:server", secret=SECRET))


@pytest.mark.parametrize(
    "name",
    [
        *("", "app", ":", ":app", "a:", "a:()", "a:app.x", "a:app(1)"),
        *(".a:app", "a.:app", "a b:app", "a/b.py:app"),
    ],
)
def test_a_name_of_another_form_is_refused(name):
    with pytest.raises(socketio_bridge.InvalidOptionError, match="is not of the form module:attribute"):
        socketio_bridge.serve(name)


def test_a_module_that_is_not_there_is_an_error_of_import():
    with pytest.raises(ModuleNotFoundError, match="no_such_application"):
        socketio_bridge.serve("no_such_application:app")


def test_what_is_missing_is_said(module, monkeypatch):
    def refused(name, message):
        with pytest.raises(socketio_bridge.InvalidOptionError, match=message) as caught:
            socketio_bridge.serve(f"an_application:{name}")
        assert caught.value.code == "BRIDGE_INVALID_OPTION"

    module.number = 5
    module.flask = flask.Flask("an_application")
    module.uninitialised = flask_socketio.SocketIO()
    module.without_queue = flask_application(client_manager=None)[0]
    module.write_only = flask_application(client_manager=Queue(write_only=True))[0]
    module.starlette = Starlette(routes=[Route("/", async_page)])
    module.good = flask_application()[0]

    refused("absent", "the module an_application has no absent: name the application")
    refused("number()", "number of an_application is int, which is no factory")
    refused("number", "is int, in which there is no Socket.IO server")
    refused("flask", "is Flask, in which there is no Socket.IO server: name the SocketIO")
    refused("uninitialised", "is SocketIO, in which there is no Socket.IO server")
    refused("starlette", "is Starlette, in which there is no Socket.IO server")
    refused("without_queue", "no message queue")
    refused("write_only", "'tests' is write-only")
    monkeypatch.delenv("SOCKETIO_BRIDGE_SECRET")
    refused("good", "SOCKETIO_BRIDGE_SECRET is not set")


@pytest.mark.parametrize("make", [flask_socketio.SocketIO, lambda: flask.Flask("an_application"), object])
def test_wsgi_takes_servers_alone(make):
    with pytest.raises(socketio_bridge.InvalidOptionError, match=r"is no Socket\.IO server"):
        socketio_bridge.wsgi(make(), secret=SECRET)
