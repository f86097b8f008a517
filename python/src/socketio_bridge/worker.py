"""Runs the handlers of an application for clients of the edge."""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import os
import time
from importlib.metadata import version
from typing import Any

import socketio
from socketio import packet

from .calls import VERSION, Call, Reply, Request
from .environ import asgi_scope, wsgi_environ
from .errors import InvalidOptionError
from .seams import Client, Seams
from .sessions import Sessions
from .subscription import Subscription

logger = logging.getLogger("socketio_bridge")

_RESERVED = ("connect", "disconnect", "*")
"""No events of clients: with these names python-socketio would call handlers that do not expect an event."""

_ENDS = ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "GreenletExit")
"""What ends the thread of a handler. Others that are no ``Exception``, such as ``gevent.Timeout``, fail one call."""

_NEEDED = {
    "": (
        "environ",
        "handlers",
        "namespace_handlers",
        "namespaces",
        "always_connect",
        "manager_initialized",
        "not_handled",
        "_handle_connect",
        "_trigger_event",
        "_send_packet",
    ),
    "manager": (
        "callbacks",
        "trigger_callback",
        "_generate_ack_id",
        "initialize",
        "connect",
        "pre_disconnect",
        "eio_sid_from_sid",
        "get_rooms",
        "enter_room",
        "leave_room",
        "close_room",
        # Since then a client of another host can enter a room.
        "_handle_enter_room",
        "_listen",
    ),
    "eio": ("get_session", "transport"),
}
"""What this package calls, reads or puts something in place of, by the attribute of the server that has it."""


def check_kind(server: Any, *, is_async: bool) -> None:
    """Check that a server is one of python-socketio, and one for this interface.

    Raises:
        InvalidOptionError: says what to give instead.

    """
    if not isinstance(server, (socketio.Server, socketio.AsyncServer)):
        raise InvalidOptionError(
            f"{type(server).__name__} is no Socket.IO server: give a Server or an AsyncServer of python-socketio, "
            "or a SocketIO after its init_app(app)"
        )
    if server.is_asyncio_based() is not is_async:
        takes, other = ("AsyncServer", "wsgi") if is_async else ("Server", "asgi")
        raise InvalidOptionError(f"{type(server).__name__} is no {takes}: use socketio_bridge.{other}()")


def check_release(server: Any) -> None:
    """Check that the parts of a server have what this package needs of them.

    Raises:
        InvalidOptionError: says what they lack.

    """
    for part, names in _NEEDED.items():
        owner = getattr(server, part) if part else server
        missing = [name for name in names if not hasattr(owner, name)]
        if missing:
            raise InvalidOptionError(
                f"python-socketio {version('python-socketio')}: {type(owner).__name__} has no {', '.join(missing)}; "
                "install a release from 5.10 on that socketio-python-bridge has been tested with (see its README)"
            )


def check_manager(server: Any) -> None:
    """Check that what handlers emit can reach the edge.

    Raises:
        InvalidOptionError: says what the application lacks.

    """
    manager = server.manager
    if not hasattr(manager, "_publish"):
        raise InvalidOptionError(
            "the application has no message queue, by which its emits would reach the edge: "
            "give SocketIO a message_queue=, or Server a client_manager="
        )
    if manager.write_only:
        raise InvalidOptionError(f"the manager of {manager.channel!r} is write-only: it gets no acknowledgements")
    if manager.name == "zmq" and not importlib.import_module("eventlet.patcher").is_monkey_patched("thread"):
        # Its sockets let one thread alone wait, beside green ones: of several, some would hang.
        raise InvalidOptionError(
            "ZmqManager works on eventlet alone: start gunicorn, 25 or earlier, with --worker-class eventlet"
        )


def handlers_of(server: Any) -> dict[str, dict[str, Any]]:
    """Return the namespaces of an application and the events of each, as the edge announces them.

    Returns:
        By namespace: ``events``, the names that have a handler, and ``any``, whether a catch-all handler takes the
        rest. ``*`` stands for all others, where ``Server(namespaces="*")`` accepts them.

    """
    found: dict[str, dict[str, Any]] = {}
    for namespace, handlers in server.handlers.items():
        found[namespace] = {"events": {*handlers}, "any": "*" in handlers}
    for namespace, instance in server.namespace_handlers.items():
        names = {name[3:] for name in dir(instance) if name.startswith("on_") and callable(getattr(instance, name))}
        found.setdefault(namespace, _nothing())["events"] |= names
    declared = () if server.namespaces == "*" else server.namespaces
    for namespace in declared:
        found.setdefault(namespace, _nothing())
    # Its handlers serve every namespace, for events that this one has none for: `Server._get_event_handler`.
    others = found.pop("*", _nothing())
    for handlers in found.values():
        handlers["events"] |= others["events"]
        handlers["any"] = handlers["any"] or others["any"]
    if server.namespaces == "*":
        found["*"] = others
    return {
        namespace: {"events": sorted(handlers["events"].difference(_RESERVED)), "any": handlers["any"]}
        for namespace, handlers in found.items()
    }


def _nothing() -> dict[str, Any]:
    return {"events": set(), "any": False}


class _BaseWorker:
    """A server of python-socketio whose handlers are called for clients of the edge."""

    _is_async: bool
    _runs_in_order: bool
    """Whether the calls of a batch run one after the other."""

    def __init__(self, server: Any, middleware_environ: dict[str, Any]) -> None:
        """Put what is needed on the instances of the application.

        Args:
            server: a ``Server`` or ``AsyncServer``, whose manager has a message queue.
            middleware_environ: what a middleware of the application adds to each environment.

        Raises:
            InvalidOptionError: says what the application lacks.

        """
        check_kind(server, is_async=self._is_async)
        check_manager(server)
        check_release(server)
        self._server = server
        self._middleware_environ = middleware_environ
        self._seams = Seams(server)
        self._subscription = Subscription(server)
        self._description: dict[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """Return what the edge has to know of the application, as it was at the first request."""
        if self._description is None:
            told = {
                "version": VERSION,
                "alwaysConnect": bool(self._server.always_connect),
                "inOrder": self._runs_in_order,
                "handlers": handlers_of(self._server),
            }
            digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
            self._description = {**told, "revision": digest.hexdigest()[:16]}
        return self._description

    def _open(self, call: Call) -> Client:
        environ = {**self._environ_of(call.request), **self._middleware_environ}
        return Client(call, environ, list(call.rooms), Sessions.open(call, environ))

    @staticmethod
    def _environ_of(request: Request) -> dict[str, Any]:
        return wsgi_environ(request)

    def _close(self, client: Client, reply: Reply, start: float) -> Reply:
        if client.call.kind == "disconnect":
            # `BaseManager.disconnect` does this for clients of its own.
            self._server.manager.callbacks.pop(client.call.sid, None)
        reply.revision = self.describe()["revision"]
        try:
            reply.sessions = client.sessions.close(client.environ)
        except Exception as error:  # what the values of an application raise when they are encoded
            logger.exception("the session of %s cannot travel, and stays as it was", client.call.namespace)
            reply.sessions, reply.error = client.call.sessions, type(error).__name__
        reply.took = round(1000 * (time.perf_counter() - start), 3)
        reply.process = os.getpid()
        return reply

    def _run(self, client: Client) -> Any:
        """Call the handler. Returns what it returns, or a coroutine that does."""
        call, server = client.call, self._server
        if call.kind == "connect":
            return server._handle_connect(client.eio_sid, call.namespace, call.auth)
        if call.kind == "event":
            # `Server._handle_event_internal`, whose acknowledgement is the reply.
            return server._trigger_event(call.event, call.namespace, call.sid, *call.args)
        # Handlers get a reason from python-socketio 5.12 on.
        reason = (call.reason,) if hasattr(server, "reason") else ()
        return server._trigger_event("disconnect", call.namespace, call.sid, *reason)

    def _answer(self, client: Client, result: Any, reply: Reply) -> None:
        call = client.call
        if call.kind == "connect":
            for pkt in client.packets:
                if pkt.packet_type in (packet.CONNECT_ERROR, packet.DISCONNECT):
                    reply.accepted = False
                    reply.refusal = pkt.data
        elif call.kind == "event":
            reply.handled = result is not self._server.not_handled
            if reply.handled and call.wants_ack:
                reply.ack = _arguments(result)

    @staticmethod
    def _failed(client: Client, error: BaseException, reply: Reply) -> None:
        call = client.call
        logger.error("the handler of %s in %s failed", call.event or call.kind, call.namespace, exc_info=error)
        reply.error = type(error).__name__

    @staticmethod
    def _unmarked(client: Client, error: Exception, reply: Reply) -> None:
        logger.error("what %s has emitted may be lost", client.call.event or client.call.kind, exc_info=error)
        reply.marked = False

    @staticmethod
    def _mark(client: Client) -> dict[str, Any]:
        return {"method": "edge_mark", "mark": client.call.id}


class Worker(_BaseWorker):
    """Calls the handlers of a ``socketio.Server``."""

    _is_async = False
    _runs_in_order = True

    def handle(self, call: Call) -> Reply:
        """Run the handler for one event of one client. What it raises is logged, as by python-socketio.

        Raises:
            InvalidCallError: for sessions that no worker has written.

        """
        start = time.perf_counter()
        client, reply = self._open(call), Reply(call.id)
        if call.event in _RESERVED:
            reply.handled = False
            return self._close(client, reply, start)
        self._subscription.wait()
        with self._seams.client(client):
            try:
                self._answer(client, self._run(client), reply)
            except BaseException as error:
                if any(kind.__name__ in _ENDS for kind in type(error).__mro__):
                    raise
                self._failed(client, error, reply)
            reply.marked = client.has_published
            if reply.marked:
                try:
                    self._server.manager._publish(self._mark(client))
                except Exception as error:  # noqa: BLE001 - each queue has errors of its own
                    self._unmarked(client, error, reply)
        return self._close(client, reply, start)


class AsyncWorker(_BaseWorker):
    """Calls the handlers of a ``socketio.AsyncServer``."""

    _is_async = True
    _runs_in_order = False

    @staticmethod
    def _environ_of(request: Request) -> dict[str, Any]:
        # As `translate_request` of python-engineio makes it, without the functions for a body.
        return {**wsgi_environ(request), "asgi.scope": asgi_scope(request)}

    async def handle(self, call: Call) -> Reply:
        """Run the handler for one event of one client. What it raises is logged, as by python-socketio.

        Raises:
            InvalidCallError: for sessions that no worker has written.

        """
        start = time.perf_counter()
        client, reply = self._open(call), Reply(call.id)
        if call.event in _RESERVED:
            reply.handled = False
            return self._close(client, reply, start)
        await self._subscription.wait_async()
        with self._seams.client(client):
            try:
                self._answer(client, await self._run(client), reply)
            except Exception as error:  # noqa: BLE001 - handlers raise anything
                self._failed(client, error, reply)
            reply.marked = client.has_published
            if reply.marked:
                try:
                    await self._server.manager._publish(self._mark(client))
                except Exception as error:  # noqa: BLE001 - each queue has errors of its own
                    self._unmarked(client, error, reply)
        return self._close(client, reply, start)


def _arguments(result: Any) -> list[Any]:
    """Return the arguments of an acknowledgement: a tuple is several, None is none."""
    if result is None:
        return []
    return list(result) if isinstance(result, tuple) else [result]
