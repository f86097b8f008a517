"""The operations of `peer.py`, and its handlers for clients."""

import inspect

import socketio

from room_commands import RoomCommands, addressing
from wire import encode, payload, send

NAMESPACES = ["/", "/chat"]


def takes(function, parameter):
    return parameter in inspect.signature(function).parameters


class Operations(RoomCommands):
    """The operations of a server, or of a write-only manager.

    With an AsyncServer most of these return an awaitable.
    """

    concurrent = {"call"}

    def emit(self, request, callback=None):
        return self.sio.emit(
            request["event"],
            payload(request),
            callback=callback,
            **self.recipients(request),
        )

    def recipients(self, request):
        chosen = addressing(request, "to", "room", "skip_sid")
        if "to" in chosen and not takes(self.sio.emit, "to"):
            # Up to 5.11.3, the emit() of a manager ignores it and emits to everyone.
            chosen["room"] = chosen.pop("to")
        return chosen

    def emit_with_callback(self, request):
        def report(*args):
            answer = {"token": request["token"], "args": encode(list(args))}
            send({"event": "callback", **answer})

        return self.emit(request, report)

    def call(self, request):
        return self.sio.call(
            request["event"],
            payload(request),
            timeout=request.get("timeout", 60),
            **addressing(request, "to", "sid"),
        )

    def rooms(self, request):
        return self.manager.get_rooms(**addressing(request, "sid"))

    def participants(self, request):
        room = addressing({"room": None, **request}, "room")
        try:
            found = list(self.manager.get_participants(**room))
        except KeyError:
            # Raised by early releases if there is no such room.
            return []
        # From 5.0 on, a pair of sids.
        return [sid if isinstance(sid, str) else sid[0] for sid in found]


class Reports:
    """Reports about clients, for both kinds of namespace."""

    # Early releases do not pass the last argument of these.

    def on_connect(self, sid, environ, auth=None):
        send({"event": "connect", "sid": sid, "namespace": self.namespace})

    def on_disconnect(self, sid, reason=None):
        gone = {"sid": sid, "namespace": self.namespace, "reason": reason}
        send({"event": "disconnect", **gone})

    def on_whoami(self, sid):
        return sid


class ThreadedNamespace(Reports, socketio.Namespace):
    def on_join(self, sid, room):
        self.enter_room(sid, room)
        return ["joined", room]

    def on_leave(self, sid, room):
        self.leave_room(sid, room)
        return ["left", room]


class AsgiNamespace(Reports, socketio.AsyncNamespace):
    async def on_join(self, sid, room):
        await settled(self.enter_room(sid, room))
        return ["joined", room]

    async def on_leave(self, sid, room):
        await settled(self.leave_room(sid, room))
        return ["left", room]


async def settled(result):
    """Awaits the result if need be: up to 5.9 these methods are synchronous."""
    return await result if inspect.isawaitable(result) else result
