"""A worker in Python. In a Celery application, `render` is a task."""

import os

import socketio

QUEUE = os.environ.get("SOCKETIO_QUEUE", "redis://localhost:6379")

manager = socketio.RedisManager(QUEUE, channel="flask-socketio", write_only=True)


def render(job):
    for percent in (50, 100):
        progress = {"worker": "Python", "percent": percent}
        manager.emit("progress", progress, room=f"job-{job}")


if __name__ == "__main__":
    render(7)
