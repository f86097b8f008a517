"""A Python host. It asks clients a question, also those of the Node host."""

import os

import socketio
import uvicorn

PORT = int(os.environ.get("PORT", "5000"))
QUEUE = os.environ.get("SOCKETIO_QUEUE", "redis://localhost:6379")

sio = socketio.AsyncServer(
    async_mode="asgi", client_manager=socketio.AsyncRedisManager(QUEUE)
)
app = socketio.ASGIApp(sio)


@sio.event
async def join(sid, room):
    await sio.enter_room(sid, room)


@sio.event
async def ask(sid, other, question):
    return await sio.call("question", question, to=other, timeout=2)


if __name__ == "__main__":
    print(f"starting on port {PORT}")
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
