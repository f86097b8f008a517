import { type Broker, REDIS_VERSION } from "./command.js";

const ALL = new Set(["default", "all", "everything"]);

/**
 * The text of INFO. Clients look for `redis_version` and for `loading:0`, without which they wait.
 *
 * @param wanted - names of sections in lower case; none means all
 */
export function infoText(broker: Broker, wanted: readonly string[]): string {
  const uptime = Math.floor((performance.now() - broker.since) / 1000);
  const sections: Record<string, readonly string[]> = {
    Server: [
      `redis_version:${REDIS_VERSION}`,
      "server_name:socketio-python-bridge-embedded",
      "redis_mode:standalone",
      `process_id:${process.pid}`,
      `tcp_port:${broker.port}`,
      `uptime_in_seconds:${uptime}`,
    ],
    Clients: [`connected_clients:${broker.clients.size}`, `maxclients:${broker.maxConnections}`],
    Persistence: ["loading:0"],
    Stats: [`pubsub_channels:${broker.pubsub.channels().length}`, `pubsub_patterns:${broker.pubsub.patternCount()}`],
    Replication: ["role:master", "connected_slaves:0"],
  };
  const everything = wanted.length === 0 || wanted.some((name) => ALL.has(name));
  return Object.entries(sections)
    .filter(([title]) => everything || wanted.includes(title.toLowerCase()))
    .map(([title, lines]) => `# ${title}\r\n${lines.map((line) => `${line}\r\n`).join("")}`)
    .join("\r\n");
}
