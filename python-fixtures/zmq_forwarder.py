"""The program between hosts that use ZeroMQ: publishes what it is sent.

    python zmq_forwarder.py 5555 5556

It is the one in the docstring of python-socketio's ZmqManager. Its hosts use
`zmq+tcp://host:5555+5556`. When it accepts messages it prints `ready`.
"""

import sys

import zmq


def main():
    pull_port, publish_port = sys.argv[1:]
    context = zmq.Context()
    receiver = context.socket(zmq.PULL)
    receiver.bind(f"tcp://127.0.0.1:{pull_port}")
    publisher = context.socket(zmq.PUB)
    publisher.bind(f"tcp://127.0.0.1:{publish_port}")
    print("ready", flush=True)
    while True:
        publisher.send(receiver.recv())


if __name__ == "__main__":
    main()
