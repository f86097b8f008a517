"""A Celery worker that emits to the clients of a Socket.IO fleet.

    export CELERY_BROKER_URL=redis://127.0.0.1:6379/1   # the tasks
    export SOCKETIO_QUEUE=redis://127.0.0.1:6379/0      # the Socket.IO messages

    celery -A celery_worker worker --pool solo --loglevel info

    python celery_worker.py enqueue order-shipped '{"order": 7}' --room alice

Both variables default to redis://127.0.0.1:6379/0. The task writes to the channel
`flask-socketio`, which Flask-SocketIO servers read; by default a manager would
write to `socketio`, which they do not read. For the URLs see `managers.py`.
"""

import argparse
import functools
import json
import os

from celery import Celery

from managers import create_manager

DEFAULT_URL = "redis://127.0.0.1:6379/0"

app = Celery("celery_worker", broker=os.environ.get("CELERY_BROKER_URL", DEFAULT_URL))
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)


@functools.cache
def manager(channel):
    url = os.environ.get("SOCKETIO_QUEUE", DEFAULT_URL)
    return create_manager(url, channel, write_only=True)


@app.task(name="notify")
def notify(event, data, room=None, namespace="/", channel="flask-socketio"):
    """Emits an event to a room, or to everyone in the namespace."""
    manager(channel).emit(event, data, room=room, namespace=namespace)


def main():
    parser = argparse.ArgumentParser(description="Enqueues the task `notify`.")
    commands = parser.add_subparsers(required=True)
    enqueue = commands.add_parser("enqueue")
    enqueue.add_argument("event")
    enqueue.add_argument("data", type=json.loads, nargs="?", metavar="JSON")
    enqueue.add_argument("--room")
    enqueue.add_argument("--namespace", default="/")
    enqueue.add_argument("--channel", default="flask-socketio")
    notify.delay(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
