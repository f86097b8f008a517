/** How Python makes the manager for a queue of this package. */
function manager(queue: string, options: string): readonly string[] {
  const scheme = queue.slice(0, queue.indexOf(":")).toLowerCase();
  const make = (name: string, url: string) => [
    "import socketio",
    `manager = socketio.${name}(${JSON.stringify(url)}, ${options})`,
  ];
  if (scheme.startsWith("kombu+")) {
    return make("KombuManager", queue.slice("kombu+".length));
  }
  if (scheme === "amqp" || scheme === "amqps") {
    return make("KombuManager", queue);
  }
  if (scheme === "kafka") {
    // python-socketio's own cannot publish; docs/brokers.md says where to get this one.
    return ["from kafka_bytes import KafkaManager", `manager = KafkaManager(${JSON.stringify(queue)}, ${options})`];
  }
  return make("RedisManager", queue);
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
    ...manager(queue, `${channelArgument}write_only=True`),
    `manager.emit("hello", {"from": "Python"}${demo ? ', room="lobby"' : ""})`,
  ].join("\n");
}
