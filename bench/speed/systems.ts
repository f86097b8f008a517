/** The measured systems, by their names on the command line and their titles on the page. */

export const SYSTEM_NAMES = [
  "floor",
  "bridge",
  "passthrough-off",
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
  "passthrough-off": "bridge, passthrough off",
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

/** Who emits: the usual emitter of each system, the emitter of this package, or the measured server itself. */
export type SenderName = "worker" | "emitter" | "host";
