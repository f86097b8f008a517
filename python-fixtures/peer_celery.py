"""The kind `celery` of `peer.py`: each request is a task in a Celery worker.

Tasks and their results are files, so the worker needs no broker of its own.

    python peer_celery.py DIRECTORY QUEUE CHANNEL [ENCODING]

is the worker, which ends with its standard input.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import threading
import warnings

from celery import Celery, shared_task

from managers import create_manager
from peer_hosts import ready
from peer_operations import Operations
from wire import perform, serve_by

POLL_EVERY = 0.002
ANSWERS_WITHIN = 30


def create_app(directory, out):
    for name in ["new", "tasks", "control", "results"]:
        os.makedirs(f"{directory}/{name}", exist_ok=True)
    app = Celery("peer", broker="filesystem://", backend=f"file://{directory}/results")
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "data_folder_in": f"{directory}/tasks",
            "data_folder_out": f"{directory}/{out}",
            "control_folder": f"{directory}/control",
            "polling_interval": POLL_EVERY,
        },
        worker_enable_remote_control=False,
    )
    return app


class TaskOperations(Operations):
    def __init__(self, manager):
        super().__init__(manager, manager)

    def host_id(self, request):
        return self.manager.host_id


@functools.lru_cache(maxsize=None)
def operations():
    """Created in the worker, by its first task."""
    queue, channel, encoding = [*sys.argv[2:], None][:3]
    options = {"write_only": True, "encoding": encoding}
    return TaskOperations(create_manager(queue, channel, **options))


@shared_task(name="answer")
def answer(request):
    # As text, so that Celery does not convert anything in it.
    return json.dumps(perform(operations(), None, json.loads(request)))


def run_worker(directory):
    def end_with_stdin():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_stdin, daemon=True).start()
    # It runs as root in containers, which is not worth a warning.
    warnings.filterwarnings("ignore", message=".*superuser privileges")
    app = create_app(directory, out="tasks")
    options = {
        "without_gossip": True,
        "without_mingle": True,
        "without_heartbeat": True,
    }
    app.Worker(pool="solo", loglevel="ERROR", quiet=True, **options).start()


@contextlib.contextmanager
def running_worker(directory, args):
    choice = [] if args.encoding is None else [args.encoding]
    command = [sys.executable, __file__, directory, args.queue, args.channel, *choice]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as worker:
        yield
        worker.stdin.close()


class Tasks:
    """Runs requests in the worker."""

    def __init__(self, directory):
        self.directory = directory
        self.task = create_app(directory, out="new").tasks["answer"]

    def answer(self, request):
        result = self.task.delay(json.dumps(request))
        self.hand_over()
        try:
            text = result.get(timeout=ANSWERS_WITHIN, interval=POLL_EVERY)
        except Exception as error:
            return {"error": f"the worker does not answer: {error!r}"}
        return json.loads(text)

    def hand_over(self):
        # The worker takes a file as soon as it exists, even if it is incomplete.
        for file in os.scandir(f"{self.directory}/new"):
            os.rename(file.path, f"{self.directory}/tasks/{file.name}")


def run_celery(args):
    with tempfile.TemporaryDirectory(prefix="peer-celery-") as directory:
        tasks = Tasks(directory)
        with running_worker(directory, args):
            ready(tasks.answer({"op": "host_id"})["ok"])
            serve_by(tasks.answer)


if __name__ == "__main__":
    run_worker(sys.argv[1])
