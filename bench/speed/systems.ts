/** What is measured, and how it is called on the command line and on the page. */

export const SYSTEM_NAMES = [
  "floor",
  "bridge",
  "relay-off",
  "redis-adapter",
  "sharded",
  "streams",
  "python-async",
  "flask",
  "plain",
] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

export const SYSTEM_TITLES: Readonly<Record<SystemName, string>> = {
  floor: "subscriber that only counts",
  bridge: "bridge",
  "relay-off": "bridge, relay off",
  "redis-adapter": "redis-adapter",
  sharded: "redis-adapter, sharded",
  streams: "redis-streams-adapter",
  "python-async": "python-socketio AsyncServer",
  flask: "Flask-SocketIO",
  plain: "socket.io, no adapter",
};

export function isPython(system: SystemName): system is "python-async" | "flask" {
  return system === "python-async" || system === "flask";
}

/** Who emits: the program of each system's own kind, this package's emitter, or the measured server itself. */
export type SenderName = "worker" | "emitter" | "host";
