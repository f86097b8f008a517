"""An application with what Flask-SocketIO is mostly used with, to be served as `edge_app.py` is: users of Flask-Login, in a
session of Flask-Session in Redis, and tasks of Celery that emit.

    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c gunicorn 'socketio_bridge:serve("edge_accounts:app")'
    SOCKETIO_QUEUE=redis://… SOCKETIO_CHANNEL=c celery -A edge_accounts:celery worker --pool solo
"""

import functools
import os

import redis
from celery import Celery
from flask import Flask, jsonify, request, session
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_fresh,
    login_required,
    login_user,
    logout_user,
)
from flask_session import Session
from flask_socketio import SocketIO, disconnect, emit, join_room

QUEUE = os.environ["SOCKETIO_QUEUE"]
CHANNEL = os.environ["SOCKETIO_CHANNEL"]

app = Flask(__name__)
app.config.update(
    SECRET_KEY="for tests only",
    # Ends the session of a client whose address or user agent is not that of the login.
    SESSION_PROTECTION="strong",
    SESSION_TYPE="redis",
    SESSION_REDIS=redis.Redis.from_url(QUEUE),
    SESSION_KEY_PREFIX=f"{CHANNEL}:session:",
)
Session(app)
login_manager = LoginManager(app)
socketio = SocketIO(app, message_queue=QUEUE, channel=CHANNEL, manage_session=False, async_mode="threading")

celery = Celery("edge_accounts", broker=QUEUE)
celery.conf.update(
    task_default_queue=f"{CHANNEL}:tasks",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)


class User(UserMixin):
    def __init__(self, name):
        self.id = name


@login_manager.user_loader
def load_user(name):
    return User(name)


def authenticated_only(handler):
    @functools.wraps(handler)
    def wrapped(*args, **kwargs):
        if not current_user.is_authenticated:
            disconnect()
            return None
        return handler(*args, **kwargs)

    return wrapped


def name_of_user():
    return current_user.id if current_user.is_authenticated else None


@celery.task(name="ship")
def ship(order, to):
    SocketIO(message_queue=QUEUE, channel=CHANNEL).emit("shipped", order, to=to)


@app.post("/login/<name>")
def login(name):
    login_user(User(name), remember="remember" in request.args)
    session["visits"] = 0
    return jsonify(name)


@app.post("/logout")
@login_required
def logout():
    logout_user()
    return jsonify(name_of_user())


@app.post("/visit")
@login_required
def visit_view():
    session["visits"] += 1
    socketio.emit("visited", {"by": current_user.id}, to=f"user {current_user.id}")
    return jsonify(session["visits"])


@app.post("/order")
@login_required
def order_view():
    ship.delay({"from": "a view"}, f"user {current_user.id}")
    return jsonify("ordered")


@socketio.on("connect")
def connect():
    if current_user.is_authenticated:
        join_room(f"user {current_user.id}")
    emit("welcome", {"user": name_of_user(), "fresh": login_fresh(), "visits": session.get("visits")})


@socketio.on("who am I")
def who_am_i():
    return [name_of_user(), login_fresh()]


@socketio.on("visit")
@authenticated_only
def visit():
    session["visits"] += 1
    return session["visits"]


@socketio.on("set")
def set_value(key, value):
    session[key] = value


@socketio.on("get")
def get_value(key):
    return session.get(key)


@socketio.on("order")
@authenticated_only
def order(number):
    ship.delay({"number": number, "for": current_user.id}, request.sid)
    return "ordered"


@socketio.on("sign out")
def sign_out():
    logout_user()
    return name_of_user()
