"""Emits numbered messages at a steady pace, as a program beside the servers does.

    python steady.py --queue redis://127.0.0.1:6379/0 --channel socketio --rate 200

Driven over stdin, a JSON object a line:

    {"op": "send"}      emits `numbered` (sender, number, time), counting from 1
    {"op": "stop"}      ends it; {"event": "stopped", "times": [...]} tells when the
                        broker had accepted each number, with null if it had not
    {"op": "barrier"}   emits `barrier` (sender) until the broker accepts it

A message is accepted when the manager of python-socketio has published it and
reports no failure; it retries by itself, and only logs that it gave up. Over
AMQP the publisher asks for confirms, so that accepted means: by the broker.
Times are those of `time.monotonic()` in milliseconds.
"""

import argparse
import json
import sys
import threading
import time

import socketio

sys.path.append("python-fixtures")
from managers import create_manager  # noqa: E402

SENDER = "python"
# Whoever was held up for longer does not make up for it.
CATCH_UP = 0.1


class Failures:
    """A logger that notes when a manager gives a message up."""

    gave_up = False

    def error(self, text, *args, **kwargs):
        self.gave_up = self.gave_up or "giving up" in text
        print(f"{SENDER}: {text}", *kwargs.get("extra", {}).values(), file=sys.stderr)

    def info(self, *args, **kwargs):
        pass

    warning = debug = exception = info


class Publisher:
    """Tells of each message whether the broker has accepted it."""

    def __init__(self, queue, channel):
        self.failures = Failures()
        self.manager = create_manager(queue, channel, write_only=True)
        self.manager.logger = self.failures
        if isinstance(self.manager, socketio.KombuManager) and queue.startswith("amqp"):
            self.manager.connection_options = {
                "transport_options": {"confirm_publish": True}
            }
            self.manager.publisher_connection = self.manager._connection()

    def emit(self, event, *args):
        self.failures.gave_up = False
        try:
            self.manager.emit(event, args)
        except Exception as error:
            print(f"{SENDER}: {error!r}", file=sys.stderr)
            return False
        return not self.failures.gave_up


class Steady:
    def __init__(self, publisher, rate):
        self.publisher = publisher
        self.interval = 1 / rate
        self.times = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            time.sleep(max(0, due - time.monotonic()))
            number = len(self.times) + 1
            sent_at = time.monotonic() * 1000
            accepted = self.publisher.emit("numbered", SENDER, number, sent_at)
            self.times.append(time.monotonic() * 1000 if accepted else None)
            due = max(due + self.interval, time.monotonic() - CATCH_UP)

    def stop(self):
        self.stopping.set()
        self.thread.join()


def say(line):
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Emits at a steady pace.")
    parser.add_argument("--queue", required=True, metavar="URL")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--rate", type=float, required=True)
    args = parser.parse_args()

    publisher = Publisher(args.queue, args.channel)
    steady = Steady(publisher, args.rate)
    # So that the first of the numbered ones finds a connection.
    publisher.emit("hello", SENDER)
    say({"event": "ready"})
    for line in sys.stdin:
        operation = json.loads(line)["op"]
        if operation == "send":
            steady.thread.start()
        elif operation == "stop":
            steady.stop()
            say({"event": "stopped", "times": steady.times})
        elif operation == "barrier":
            while not publisher.emit("barrier", SENDER):
                time.sleep(0.1)


if __name__ == "__main__":
    main()
