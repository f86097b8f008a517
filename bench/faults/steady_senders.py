"""Emits numbered messages at a steady rate, as programs beside the servers do.

    python steady_senders.py --queue redis://127.0.0.1:6379/0 --channel socketio --rate 200

The rate is shared by several senders, each with its own manager of
python-socketio: a slow broker blocks a sender, because a manager publishes one
message after the other.

Driven over stdin, a JSON object a line:

    {"op": "send"}      each emits `numbered` (sender, number, time), from 1 on
    {"op": "stop"}      stops it; {"event": "stopped", "times": {sender: [...]}}
                        has the time at which the broker accepted each number,
                        or null if it did not
    {"op": "barrier"}   each emits `barrier` (sender) until the broker accepts it

It starts with {"event": "ready", "senders": [...]}. A message is accepted when
its manager has published it and logs no failure; a manager retries by itself,
and only logs that it gives up. Over AMQP the publisher uses confirms, and over
Kafka the result of each record is checked, so that "accepted" means accepted by
the broker. Times are milliseconds of `time.monotonic()`.
"""

import argparse
import json
import sys
import threading
import time

sys.path.append("python-fixtures")
from managers import create_manager  # noqa: E402

SENDERS = 4
# Messages that are overdue for longer are skipped.
CATCH_UP = 0.1


class Failures:
    """A logger that records that a manager has given up a message."""

    gave_up = False

    def error(self, text, *args, **kwargs):
        self.gave_up = self.gave_up or "giving up" in text
        print(text, *kwargs.get("extra", {}).values(), file=sys.stderr)

    def info(self, *args, **kwargs):
        pass

    warning = debug = exception = info


class Publisher:
    """Knows for each message whether the broker has accepted it."""

    def __init__(self, queue, channel):
        self.failures = Failures()
        self.record = None
        self.manager = create_manager(queue, channel, write_only=True)
        self.manager.logger = self.failures
        if queue.startswith("amqp"):
            self.manager.connection_options = {
                "transport_options": {"confirm_publish": True}
            }
            self.manager.publisher_connection = self.manager._connection()
        elif queue.startswith("kafka"):
            self.watch(self.manager.producer)

    def watch(self, producer):
        """The manager waits for the result of a record, and does not check it."""
        send = producer.send

        def watched(*args, **kwargs):
            self.record = send(*args, **kwargs)
            return self.record

        producer.send = watched

    def emit(self, event, *args):
        self.failures.gave_up = False
        try:
            self.manager.emit(event, args)
        except Exception as error:
            print(repr(error), file=sys.stderr)
            return False
        is_sent = self.record is None or self.record.succeeded()
        return is_sent and not self.failures.gave_up


class Sender:
    def __init__(self, name, publisher, interval):
        self.name = name
        self.publisher = publisher
        self.interval = interval
        self.times = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            time.sleep(max(0, due - time.monotonic()))
            number = len(self.times) + 1
            sent_at = time.monotonic() * 1000
            accepted = self.publisher.emit("numbered", self.name, number, sent_at)
            self.times.append(time.monotonic() * 1000 if accepted else None)
            due = max(due + self.interval, time.monotonic() - CATCH_UP)

    def emit_barrier(self):
        while not self.publisher.emit("barrier", self.name):
            time.sleep(0.1)


def write(line):
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Emits at a steady rate.")
    parser.add_argument("--queue", required=True, metavar="URL")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--rate", type=float, required=True)
    args = parser.parse_args()

    senders = []
    for index in range(SENDERS):
        publisher = Publisher(args.queue, args.channel)
        # Connects before the first numbered message.
        publisher.emit("hello")
        senders.append(Sender(f"python {index + 1}", publisher, SENDERS / args.rate))
    write({"event": "ready", "senders": [sender.name for sender in senders]})
    for line in sys.stdin:
        operation = json.loads(line)["op"]
        if operation == "send":
            for sender in senders:
                sender.thread.start()
                time.sleep(1 / args.rate)
        elif operation == "stop":
            for sender in senders:
                sender.stopping.set()
            for sender in senders:
                sender.thread.join()
            times = {sender.name: sender.times for sender in senders}
            write({"event": "stopped", "times": times})
        elif operation == "barrier":
            for sender in senders:
                sender.emit_barrier()


if __name__ == "__main__":
    main()
