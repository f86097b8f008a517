"""The application of python-socketio's AsyncServer that is measured: by itself, and behind an edge.

SOCKETIO_QUEUE and SOCKETIO_CHANNEL name its message queue.
"""

import asyncio
import os

import socketio

DATABASE_SECONDS = 0.01
SLOW_DATABASE_SECONDS = 0.1

sio = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=socketio.AsyncRedisManager(
        os.environ["SOCKETIO_QUEUE"], channel=os.environ["SOCKETIO_CHANNEL"]
    ),
)
app = socketio.ASGIApp(sio)


@sio.event
async def connect(sid, environ, auth=None):
    return True


@sio.event
async def echo(sid, value):
    return value


@sio.event
async def query(sid, value):
    await asyncio.sleep(DATABASE_SECONDS)
    return value


@sio.on("slow query")
async def slow_query(sid, value):
    await asyncio.sleep(SLOW_DATABASE_SECONDS)
    return value


@sio.event
async def publish(sid, text):
    await sio.emit("news", text)
    return True
