"""A python-socketio client, driven over stdin and stdout (see `wire.py`).

    python client.py --url http://127.0.0.1:5000 --transport websocket

It writes `{"event": "ready", "sid": ...}` when it is connected,
`{"event": "received", "name": ..., "args": [...]}` for each event, and
`{"event": "disconnected", "reason": ...}` at the end of the connection. It does
not reconnect. It runs with python-socketio 4.6 and later, and reports a missing
package (see `wire.py`).

    emit        event, data | no_data, tuple
    call        event, data | no_data, tuple, timeout
                -> the acknowledgement of the server
    answer      data: what to acknowledge events with from now on, where a tuple
                is several arguments; or mode "never": do not acknowledge them
    disconnect
    quit        ends without disconnecting, as does the end of stdin
"""

import argparse
import asyncio
import importlib
import inspect
import sys

from wire import (
    decode,
    encode,
    payload,
    run_in,
    send,
    serve,
    start_event_loop,
    telling_what_is_missing,
)

# python-socketio imports the packages of all queues that are installed, which a
# client has no use for: a third of the time that it takes to start.
sys.modules.update(dict.fromkeys(["aio_pika", "kafka", "kombu", "redis", "valkey"]))

with telling_what_is_missing():
    import engineio
    import socketio

# By default a client disconnects when a poll returns more than 16 packets.
engineio.payload.Payload.max_decode_packets = 1000

CONNECTED_WITHIN = 10

# Events of the library itself.
ITS_OWN = ["connect", "connect_error", "disconnect", "__disconnect_final"]


class Client(socketio.AsyncClient):
    """Acknowledges every event with `answer`, or none of them."""

    # Not socketio.Client, which handles each packet in a thread of its own, so
    # that events may be handled out of order.

    answer = None
    acknowledges = True

    def __init__(self, namespace):
        super().__init__(
            reconnection=False, **known_to(super().__init__, handle_sigint=False)
        )
        self.namespace = namespace
        self.connected_to_namespace = asyncio.Event()

    async def open(self, url, transport):
        await self.connect(
            url,
            transports=[transport],
            namespaces=[self.namespace],
            **known_to(self.connect, wait_timeout=CONNECTED_WITHIN),
        )
        # Up to 5.0, connect() does not wait for the namespace.
        await asyncio.wait_for(self.connected_to_namespace.wait(), CONNECTED_WITHIN)

    def sid_in_namespace(self):
        # Up to 4.6, every namespace has the sid of the connection.
        return self.get_sid(self.namespace) if hasattr(self, "get_sid") else self.sid

    async def _handle_event(self, namespace, id, data):
        # To the library, an event without an id wants no acknowledgement.
        await super()._handle_event(namespace, id if self.acknowledges else None, data)

    # Every release calls this for every event; handlers of "*" are newer.
    async def _trigger_event(self, event, namespace, *args):
        if event not in ITS_OWN:
            send({"event": "received", "name": event, "args": encode(list(args))})
            return self.answer
        if namespace == self.namespace:
            if event == "connect":
                self.connected_to_namespace.set()
            if event == "disconnect":
                send({"event": "disconnected", "reason": [*args, None][0]})
        return None


def known_to(function, **options):
    """The options that this release has."""
    parameters = inspect.signature(function).parameters
    return {key: value for key, value in options.items() if key in parameters}


class Operations:
    """The operations that requests can name."""

    # disconnect() is sent at once and then waits for the last poll, which an
    # AsyncServer keeps open until its next ping.
    concurrent = {"call", "disconnect"}

    def __init__(self, sio, namespace):
        self.sio = sio
        self.namespace = namespace

    def emit(self, request):
        return self.sio.emit(
            request["event"], payload(request), namespace=self.namespace
        )

    def call(self, request):
        return self.sio.call(
            request["event"],
            payload(request),
            namespace=self.namespace,
            timeout=request.get("timeout", 60),
        )

    def answer(self, request):
        self.sio.answer = decode(request.get("data"))
        self.sio.acknowledges = request.get("mode") != "never"

    def disconnect(self, request):
        return self.sio.disconnect()


def run(args):
    # Without it, python-engineio only logs that it cannot make requests.
    importlib.import_module("aiohttp")
    loop = start_event_loop()
    sio = run_in(loop, Client, args.namespace)
    try:
        run_in(loop, sio.open, args.url, args.transport)
    except socketio.exceptions.ConnectionError as error:
        sys.exit(f"cannot connect: {error}")
    except asyncio.TimeoutError:
        sys.exit(f"not connected to {args.namespace} after {CONNECTED_WITHIN} s")
    send({"event": "ready", "sid": sio.sid_in_namespace()})
    serve(Operations(sio, args.namespace), loop)


def main():
    parser = argparse.ArgumentParser(description="A Socket.IO client for tests.")
    parser.add_argument("--url", required=True)
    parser.add_argument(
        "--transport", choices=["websocket", "polling"], default="websocket"
    )
    parser.add_argument("--namespace", default="/")
    args = parser.parse_args()
    with telling_what_is_missing():
        run(args)


if __name__ == "__main__":
    main()
