"""The application of `edge_app.py` for an `AsyncServer`, to be served in two ways.

    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c uvicorn edge_asgi_app:app
    … uvicorn --workers 2 edge_asgi_worker:app

The first serves clients itself; the second serves a Node edge.
"""

import os
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

import socketio

sio = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=socketio.AsyncRedisManager(os.environ["SOCKETIO_QUEUE"], channel=os.environ["SOCKETIO_CHANNEL"]),
)


async def views(scope, receive, send):
    """The HTTP routes beside it."""
    if scope["type"] != "http":
        return
    query = parse_qs(scope["query_string"].decode())
    headers = []
    if scope["path"] == "/announce":
        await sio.emit("announced", {"by": "a view"}, to=query["room"][0])
    else:
        headers = [(b"set-cookie", f"user={query['user'][0]}".encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"done"})


app = socketio.ASGIApp(sio, views)


def known(sid, rooms):
    return sorted("me" if room == sid else room for room in rooms)


@sio.event
async def connect(sid, environ, auth):
    if auth and auth.get("token") == "wrong":
        raise socketio.exceptions.ConnectionRefusedError("who are you?", {"code": 7})
    if auth and auth.get("token") == "false":
        return False
    cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    await sio.save_session(sid, {"events": 0})
    await sio.emit(
        "welcome",
        {
            "mine": sio.rooms(sid) == [sid],
            "auth": auth,
            "query": parse_qs(environ["QUERY_STRING"]).get("q"),
            "header": environ.get("HTTP_X_TEST"),
            "cookie": cookies["c"].value if "c" in cookies else None,
            "user": cookies["user"].value if "user" in cookies else None,
        },
        to=sid,
    )
    return None


@sio.event
async def count(sid):
    async with sio.session(sid) as session:
        session["events"] += 1
        return session["events"]


@sio.event
async def join(sid, room):
    await sio.enter_room(sid, room)
    await sio.emit("joined", room, to=room)
    return known(sid, sio.rooms(sid))


@sio.event
async def leave(sid, room):
    await sio.leave_room(sid, room)
    return known(sid, sio.rooms(sid))


@sio.event
async def several(sid, *args):
    await sio.emit("several", (list(args), len(args)), to=sid)
    return args[::-1]


@sio.event
async def nothing(sid):
    pass


@sio.event
async def echo(sid, data):
    await sio.emit("echo", data, to=sid)
    return data


@sio.event
async def message(sid, data):
    await sio.send(data, to=sid)


@sio.event
async def lines(sid, many):
    for number in range(many):
        await sio.emit("line", number, to=sid)
    return "the end"


@sio.event
async def ask(sid, question):
    return await sio.call("asked", question, to=sid, timeout=10)


@sio.on("ask later")
async def ask_later(sid, question):
    async def answered(answer):
        await sio.emit("answered", answer, to=sid)

    await sio.emit("asked", question, to=sid, callback=answered)


@sio.event
def fail(sid):
    return "not an exception: an AsyncServer has no handler for those"


@sio.event
async def goodbye(sid):
    await sio.disconnect(sid)


@sio.on("*")
async def anything(event, _sid, data):
    return ["anything", event, data]


class Chat(socketio.AsyncNamespace):
    async def on_connect(self, sid, _environ):
        await self.emit("hello", self.namespace, to=sid)

    async def on_say(self, sid, text):
        await self.emit("said", text)
        return {"said": text}


sio.register_namespace(Chat("/chat"))
