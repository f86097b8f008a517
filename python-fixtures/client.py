"""A python-socketio client, driven over stdin and stdout (see `wire.py`).

    python client.py --url http://127.0.0.1:5000 --transport websocket

It says `{"event": "ready", "sid": ...}` when it is connected, each event it
gets as `{"event": "received", "name": ..., "args": [...]}`, and
`{"event": "disconnected", "reason": ...}` at the end of the connection.
It does not reconnect.

    emit        event, data | no_data, tuple
    call        event, data | no_data, tuple, timeout -> what the server answered
    answer      data: what to acknowledge events with from now on, a tuple is
                several arguments; or mode "never": do not acknowledge them
    disconnect
    quit        ends without a goodbye, as does the end of stdin
"""

import argparse
import sys

import socketio

from wire import decode, encode, payload, run_in, send, serve, start_event_loop


class Client(socketio.AsyncClient):
    """Acknowledges every event with `answer`, or none of them."""

    # Not socketio.Client: that one handles each packet in a thread of its own,
    # so that events that came one after the other are seen in any order.

    answer = None
    acknowledges = True

    async def _handle_event(self, namespace, id, data):
        # To the library an event without an id is one that asks for no answer.
        await super()._handle_event(namespace, id if self.acknowledges else None, data)


class Operations:
    """What a request can ask of the client."""

    # disconnect() is told at once and then waits for the last poll, which an
    # AsyncServer leaves open until its next ping.
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


def create_client(namespace):
    sio = Client(reconnection=False, handle_sigint=False)

    @sio.on("*", namespace=namespace)
    async def received(event, *args):
        send({"event": "received", "name": event, "args": encode(list(args))})
        return sio.answer

    @sio.on("disconnect", namespace=namespace)
    async def disconnected(reason):
        send({"event": "disconnected", "reason": reason})

    return sio


def main():
    parser = argparse.ArgumentParser(description="A Socket.IO client for tests.")
    parser.add_argument("--url", required=True)
    parser.add_argument(
        "--transport", choices=["websocket", "polling"], default="websocket"
    )
    parser.add_argument("--namespace", default="/")
    args = parser.parse_args()

    loop = start_event_loop()
    sio = run_in(loop, create_client, args.namespace)
    try:
        run_in(
            loop,
            sio.connect,
            args.url,
            transports=[args.transport],
            namespaces=[args.namespace],
            wait_timeout=10,
        )
    except socketio.exceptions.ConnectionError as error:
        sys.exit(f"cannot connect: {error}")
    send({"event": "ready", "sid": sio.get_sid(args.namespace)})

    serve(Operations(sio, args.namespace), loop)


if __name__ == "__main__":
    main()
