/** What is measured at the edge, by its name on the command line and its title on the page. */

export const EDGE_FAULT_NAMES = [
  "edge-reload",
  "edge-restart",
  "edge-worker-killed",
  "edge-black-hole",
  "edge-killed",
  "edge-redis",
] as const;
export type EdgeFaultName = (typeof EDGE_FAULT_NAMES)[number];

/** How long nothing passes between the edge and its workers. */
export const DARK_MS = 15_000;

export const EDGE_FAULT_TITLES: Readonly<Record<EdgeFaultName, string>> = {
  "edge-reload": "workers reloaded (HUP)",
  "edge-restart": "workers stopped and started",
  "edge-worker-killed": "a worker killed in the middle of an event",
  "edge-black-hole": `nothing passes to the workers, ${DARK_MS / 1_000} s`,
  "edge-killed": "one of two edges killed",
  "edge-redis": "Redis killed and started",
};

export const WORKERS = 3;

/** Of each worker. */
export const THREADS = 8;

export const CLIENTS = 200;
