interface PythonSide {
  /** What pip installs for it. */
  readonly packages: string;
  /** Lines that make a manager, with these arguments after the URL. */
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
  packages: "python-socketio kafka-python",
  // python-socketio's own cannot publish; docs/brokers.md says where to get this one.
  make: (queue, options) => [
    "from kafka_bytes import KafkaManager",
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
  return scheme === "kafka" ? KAFKA : byName("RedisManager", "python-socketio redis");
}

/** What `pip install` takes, so that Python can write to that queue. */
export function pythonPackages(queue: string): string {
  return pythonSide(queue).packages;
}

/**
 * Lines for a Python prompt that emit an event to the clients of this server.
 *
 * @param queue - without its password
 * @param demo - clients of the demo are in the room "lobby"; of those of an application nothing is known
 */
export function pythonSnippet(queue: string, channel: string, demo: boolean): string {
  const channelArgument = channel === "socketio" ? "" : `channel=${JSON.stringify(channel)}, `;
  return [
    ...(queue.includes(":***@") ? ["# with the password in place of ***"] : []),
    ...pythonSide(queue).make(queue, `${channelArgument}write_only=True`),
    `manager.emit("hello", {"from": "Python"}${demo ? ', room="lobby"' : ""})`,
  ].join("\n");
}
