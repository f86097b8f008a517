"""The measured process of a system that runs in Python.

    python server.py (python-async | flask) URL CHANNEL

Prints {"event": "ready", "port": ...} when it accepts clients and is subscribed,
replies to {"op": "memory"} on standard input with {"event": "memory",
"rss": ..., "heap": null} in bytes, and ends with its standard input. A client's
event `join` puts it into rooms.
"""

import asyncio
import gc
import json
import logging
import os
import socket
import sys
import threading

import socketio

from ready import start_listening, start_listening_async

BACKLOG = 2048


def write(**line):
    print(json.dumps(line), flush=True)


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def follow_input():
    for line in sys.stdin:
        if json.loads(line)["op"] == "memory":
            write(event="memory", rss=resident(), heap=None)
    os._exit(0)


def listen():
    return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)


async def run_async(url, channel):
    import uvicorn

    sio = socketio.AsyncServer(
        async_mode="asgi",
        client_manager=socketio.AsyncRedisManager(url, channel=channel),
    )

    @sio.event
    async def join(sid, rooms):
        for room in rooms:
            await sio.enter_room(sid, room)
        await sio.emit("joined", to=sid)

    listener = listen()
    await start_listening_async(sio, url)
    write(event="ready", port=listener.getsockname()[1])
    threading.Thread(target=follow_input, daemon=True).start()
    config = uvicorn.Config(socketio.ASGIApp(sio), log_level="warning")
    await uvicorn.Server(config).serve(sockets=[listener])


def run_flask(url, channel):
    from flask import Flask
    from flask_socketio import SocketIO, emit, join_room
    from werkzeug.serving import make_server

    app = Flask(__name__)
    app_sio = SocketIO(app, async_mode="threading", message_queue=url, channel=channel)

    @app_sio.on("join")
    def join(rooms):
        for room in rooms:
            join_room(room)
        emit("joined")

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    listener = listen()
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start_listening(app_sio.server, url)
    write(event="ready", port=listener.getsockname()[1])
    follow_input()


def main():
    kind, url, channel = sys.argv[1:]
    if kind == "python-async":
        asyncio.run(run_async(url, channel))
    else:
        run_flask(url, channel)


if __name__ == "__main__":
    main()
