interface PythonSide {
  /** Arguments of `pip install`. */
  readonly packages: string;
  /** Lines that create a manager, with these arguments after the URL. */
  make(queue: string, options: string): readonly string[];
}

function byName(name: string, packages: string, prefix = ""): PythonSide {
  return {
    packages,
    make: (queue, options) => [
      "import socketio",
      `manager = socketio.${name}(${JSON.stringify(queue.slice(prefix.length))}, ${options})`,
    ],
  };
}

const KAFKA: PythonSide = {
  packages: "socketio-python-bridge[kafka]",
  // The one of python-socketio cannot publish; docs/brokers.md says more.
  make: (queue, options) => [
    "from socketio_bridge.kafka import KafkaManager",
    `manager = KafkaManager(${JSON.stringify(queue)}, ${options})`,
  ],
};

function pythonSide(queue: string): PythonSide {
  const scheme = queue.slice(0, queue.indexOf(":")).toLowerCase();
  if (scheme.startsWith("kombu+")) {
    return byName("KombuManager", "python-socketio kombu[redis]", "kombu+");
  }
  if (scheme === "amqp" || scheme === "amqps") {
    return byName("KombuManager", "python-socketio kombu");
  }
  if (scheme === "zmq+tcp") {
    return byName("ZmqManager", "python-socketio eventlet pyzmq");
  }
  return scheme === "kafka" ? KAFKA : byName("RedisManager", "python-socketio redis");
}

/** python-socketio knows no clusters, and is content with one node: any will do. */
function forPython(queue: string): string {
  return queue.replace(/^([a-z]+)\+cluster(:\/\/(?:[^/?#]*@)?[^,/?#]*)[^/?#]*/i, "$1$2");
}

/** Arguments of `pip install` for a Python that can publish to that queue. */
export function pythonPackages(queue: string): string {
  return pythonSide(queue).packages;
}

/**
 * Python code that emits an event to the clients of this server.
 *
 * @param queue - without its password
 * @param demo - whether clients are those of the live page, which are in the room "lobby"
 */
export function pythonSnippet(queue: string, channel: string, demo: boolean): string {
  const channelArgument = channel === "socketio" ? "" : `channel=${JSON.stringify(channel)}, `;
  return [
    ...(queue.includes(":***@") ? ["# with the password in place of ***"] : []),
    ...pythonSide(queue).make(forPython(queue), `${channelArgument}write_only=True`),
    `manager.emit("hello", {"from": "Python"}${demo ? ', room="lobby"' : ""})`,
  ].join("\n");
}
