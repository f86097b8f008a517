import type { Backend } from "../../src/bus/core/backend.js";

/** The backend of a bus whose broker is out of reach. */
export const AWAY: Backend = {
  name: "away",
  title: "Away",
  subscribe() {},
  flush() {},
  publishHeartbeat: async () => {},
  replacePublisher() {},
  replaceConnections() {},
  isAway: () => true,
  close: async () => {},
};
