"""A chat server with python-socketio's AsyncServer, run by uvicorn.

    python asgi_server.py --port 5001 --queue redis://127.0.0.1:6379/0

It prints one line, `ready http://127.0.0.1:5001`, when it accepts connections
and is subscribed to the channel.

It has the events of `flask_chat.py`. The default channels differ, as in the two
libraries: pass both the same channel to put them into one fleet. For the URLs
see `managers.py`.
"""

import argparse
import asyncio
import contextlib
import socket

import socketio
import uvicorn

from managers import create_async_manager
from ready import start_listening_async


class Chat(socketio.AsyncNamespace):
    async def on_join(self, sid, data):
        await self.enter_room(sid, data["room"])
        return {"joined": data["room"]}

    async def on_leave(self, sid, data):
        await self.leave_room(sid, data["room"])
        return {"left": data["room"]}

    async def on_say(self, sid, data):
        message = {"sid": sid, "room": data["room"], "text": data["text"]}
        await self.emit("message", message, to=data["room"])
        return {"said": data["text"]}


def create_server(queue, channel):
    sio = socketio.AsyncServer(
        async_mode="asgi",
        client_manager=create_async_manager(queue, channel),
    )
    sio.register_namespace(Chat("/"))
    sio.register_namespace(Chat("/chat"))
    return sio


async def serve(args):
    sio = create_server(args.queue, args.channel)
    # Clients can connect from here on; they wait until uvicorn accepts them.
    listener = socket.create_server(("127.0.0.1", args.port))
    await start_listening_async(sio, args.queue)
    print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = socketio.ASGIApp(sio)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve(sockets=[listener])


def main():
    parser = argparse.ArgumentParser(description="A Socket.IO chat server, ASGI.")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--queue", default="redis://127.0.0.1:6379/0", metavar="URL")
    parser.add_argument("--channel", default="socketio")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
