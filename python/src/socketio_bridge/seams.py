"""What python-socketio knows of a connected client, for clients of the edge while a call of theirs runs.

The server of an application asks its manager and its Engine.IO server for the connection of a sid. A client of the edge
has none here, so attributes of these instances, and of no class, are put in place of the methods that would look for
it. To the manager such a sid stays one of another host (``is_connected`` is false): whatever a handler does with it is
published, and the edge does it.
"""

from __future__ import annotations

import inspect
import threading
import uuid
from collections import OrderedDict
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .calls import Call
    from .sessions import Sessions


@dataclass(eq=False)
class Client:
    """The client of a call that runs."""

    call: Call
    environ: dict[str, Any]
    rooms: list[Any]
    sessions: Sessions
    packets: list[Any] = field(default_factory=list)
    """What the server would have sent to this client itself: CONNECT, CONNECT_ERROR, ACK."""
    has_published: bool = False
    eio_sid: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Of this call alone: others of the same client may run beside it."""


def _like(original: Callable[..., Any], replacement: Callable[..., Any]) -> Callable[..., Any]:
    """Make the replacement a coroutine function where the original is one, as those of an ``AsyncServer`` are."""
    if not inspect.iscoroutinefunction(original):
        return replacement

    async def awaited(*args: Any, **options: Any) -> Any:
        result = replacement(*args, **options)
        return await result if inspect.isawaitable(result) else result

    return awaited


_MOST_ASKED = 10_000
"""Callbacks that still wait for their acknowledgement. The oldest run without a client beyond that."""

_caller: ContextVar[Client | None] = ContextVar("caller", default=None)


def _one_at_a_time(publish: Callable[..., Any]) -> Callable[..., Any]:
    """Keep threads from publishing at the same moment.

    ``KombuManager`` gives all of them one connection. Over AMQP, two that use it at once lose messages, or one of them
    waits for ever.
    """
    lock = threading.Lock()

    def locked(data: dict[str, Any]) -> Any:
        with lock:
            return publish(data)

    return locked


class Seams:
    """The clients of the calls that run in this process, and the attributes by which python-socketio finds them."""

    def __init__(self, server: Any) -> None:
        """Put them on the instances of a ``Server`` or ``AsyncServer``."""
        self._server = server
        self._lock = threading.Lock()
        self._by_eio_sid: dict[str, Client] = {}
        self._by_sid: dict[tuple[str, str], list[Client]] = {}
        self._asked: OrderedDict[tuple[Any, int], Client] = OrderedDict()
        """Whose handler has emitted with a callback, by the room and the number of the acknowledgement."""
        self._install()

    @contextmanager
    def client(self, client: Client) -> Iterator[None]:
        """Have python-socketio find the client while this lasts."""
        key = (client.call.namespace, client.call.sid)
        with self._lock:
            self._by_eio_sid[client.eio_sid] = client
            self._by_sid.setdefault(key, []).append(client)
            self._server.environ[client.eio_sid] = client.environ
        token = _caller.set(client)
        try:
            yield
        finally:
            _caller.reset(token)
            with self._lock:
                del self._by_eio_sid[client.eio_sid]
                self._by_sid[key].remove(client)
                if not self._by_sid[key]:
                    del self._by_sid[key]
                self._server.environ.pop(client.eio_sid, None)

    def _find(self, sid: Any, namespace: str | None) -> Client | None:
        caller = _caller.get()
        with self._lock:
            clients = self._by_sid.get((namespace or "/", sid))
            if not clients:
                return None
            # A thread or task that a handler has started may outlive its call.
            return caller if caller in clients else clients[-1]

    def _install(self) -> None:
        manager, eio = self._server.manager, self._server.eio
        by_eio_sid = self._by_eio_sid

        def found(original: Callable[..., Any], of: Callable[[Client], Any]) -> Callable[..., Any]:
            def by_sid(sid: Any, namespace: str | None = None, **options: Any) -> Any:
                client = self._find(sid, namespace)
                return original(sid, namespace, **options) if client is None else of(client)

            return _like(original, by_sid)

        def opened(original: Callable[..., Any], of: Callable[[Client], Any]) -> Callable[..., Any]:
            def by_connection(eio_sid: Any, *rest: Any) -> Any:
                client = by_eio_sid.get(eio_sid)
                return original(eio_sid, *rest) if client is None else of(client)

            return _like(original, by_connection)

        manager.eio_sid_from_sid = found(manager.eio_sid_from_sid, lambda client: client.eio_sid)
        manager.get_rooms = found(manager.get_rooms, lambda client: list(client.rooms))
        manager.pre_disconnect = found(manager.pre_disconnect, lambda client: client.eio_sid)
        if hasattr(manager, "pre_connect"):
            manager.pre_connect = opened(manager.pre_connect, lambda client: client.call.sid)
            manager.connect = found(manager.connect, lambda client: client.call.sid)
        else:
            manager.connect = opened(manager.connect, lambda client: client.call.sid)
        eio.get_session = opened(eio.get_session, lambda client: client.sessions.own)
        eio.transport = opened(eio.transport, lambda client: client.call.transport)
        self._install_rooms()
        self._install_packets()
        self._install_publish()
        self._install_callbacks()

    def _install_rooms(self) -> None:
        manager = self._server.manager
        enter, leave, close = manager.enter_room, manager.leave_room, manager.close_room

        def enter_room(sid: Any, namespace: str, room: Any, **options: Any) -> Any:
            client = self._find(sid, namespace)
            with self._lock:
                if client is not None and room not in client.rooms:
                    client.rooms.append(room)
            return enter(sid, namespace, room, **options)

        def leave_room(sid: Any, namespace: str, room: Any) -> Any:
            client = self._find(sid, namespace)
            with self._lock:
                if client is not None and room in client.rooms:
                    client.rooms.remove(room)
            return leave(sid, namespace, room)

        def close_room(room: Any, namespace: str | None = None) -> Any:
            with self._lock:
                for client in self._by_eio_sid.values():
                    if client.call.namespace == (namespace or "/") and room in client.rooms:
                        client.rooms.remove(room)
            return close(room, namespace)

        manager.enter_room = _like(enter, enter_room)
        manager.leave_room = _like(leave, leave_room)
        manager.close_room = _like(close, close_room)

    def _install_packets(self) -> None:
        server, by_eio_sid = self._server, self._by_eio_sid
        send = server._send_packet

        def send_packet(eio_sid: str, pkt: Any) -> Any:
            client = by_eio_sid.get(eio_sid)
            return send(eio_sid, pkt) if client is None else client.packets.append(pkt)

        server._send_packet = _like(send, send_packet)

    def _install_publish(self) -> None:
        manager = self._server.manager
        publish = manager._publish
        if manager.name == "kombu":
            publish = _one_at_a_time(publish)

        def noted(data: dict[str, Any]) -> Any:
            client = _caller.get()
            if client is not None:
                client.has_published = True
            return publish(data)

        manager._publish = _like(publish, noted)

    def _install_callbacks(self) -> None:
        """Run each callback for the client whose handler has asked: Flask-SocketIO looks for its environment."""
        manager, asked = self._server.manager, self._asked
        generate, trigger = manager._generate_ack_id, manager.trigger_callback

        def generate_ack_id(room: Any, callback: Any) -> Any:
            ack_id = generate(room, callback)
            client = _caller.get()
            if client is not None:
                with self._lock:
                    asked[room, ack_id] = client
                    while len(asked) > _MOST_ASKED:
                        asked.popitem(last=False)
            return ack_id

        def asking(room: Any, ack_id: Any) -> AbstractContextManager[None]:
            with self._lock:
                client = asked.pop((room, ack_id), None)
            # The call may still run, as one that waits in `Server.call()` does.
            return nullcontext() if client is None else self.client(replace(client, eio_sid=uuid.uuid4().hex))

        def trigger_callback(room: Any, ack_id: Any, data: Any) -> Any:
            with asking(room, ack_id):
                return trigger(room, ack_id, data)

        async def trigger_callback_async(room: Any, ack_id: Any, data: Any) -> Any:
            with asking(room, ack_id):
                return await trigger(room, ack_id, data)

        manager._generate_ack_id = generate_ack_id
        manager.trigger_callback = trigger_callback_async if inspect.iscoroutinefunction(trigger) else trigger_callback
