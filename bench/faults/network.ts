import { execFileSync, spawnSync } from "node:child_process";

/** The path between the tested host and the broker, which a fault can break. */
export interface Network {
  /** Where the broker listens, reachable from everywhere on this machine. */
  readonly brokerAddress: string;
  /** Where the tested host listens. */
  readonly hostAddress: string;
  /** Prefix of a command that is to run in the namespace. */
  readonly prefix: readonly string[];
  /** Resets the connections of both ends, and rejects new ones. */
  cut(port: number): void;
  /** Drops all packets silently. */
  dropPackets(port: number): void;
  heal(): void;
  remove(): void;
}

/** For faults that need no network namespace. */
export const LOOPBACK: Network = {
  brokerAddress: "127.0.0.1",
  hostAddress: "127.0.0.1",
  prefix: [],
  cut: needsNamespace,
  dropPackets: needsNamespace,
  heal: () => {},
  remove: () => {},
};

function needsNamespace(): never {
  throw new Error("this fault needs a network namespace");
}

const NAME = /^sio-faults-(\d+)$/;

function run(...command: readonly string[]): void {
  const [program = "", ...args] = command;
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** @returns why no namespace can be created here, as the rest of a sentence; undefined if it can */
export function namespaceObstacle(): string | undefined {
  if (process.getuid?.() !== 0) {
    return "creating one takes root: run this with sudo";
  }
  const missing = ["ip", "iptables", "ss"].filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
  return missing.length > 0 ? `${missing.join(", ")} is missing: apt-get install iproute2 iptables` : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Removes namespaces of measurements that were killed before they could clean up. */
function removeStaleNamespaces(): void {
  const names = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout.split(/\s+/);
  for (const name of names) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) {
      run("ip", "netns", "delete", name);
    }
  }
}

/**
 * Creates a network namespace for this process. Its addresses are in 198.18.0.0/15, which is reserved for benchmarks of
 * networks (RFC 2544), so they collide with nothing.
 */
export function createNamespace(): Network {
  removeStaleNamespaces();
  const { pid } = process;
  const name = `sio-faults-${pid}`;
  const [outside, inside] = [`sf${pid}o`, `sf${pid}i`];
  const block = (pid % 0x8000) * 4;
  const address = (last: number) => `198.${18 + (block >> 16)}.${(block >> 8) & 255}.${(block & 255) + last}`;
  const within = ["ip", "netns", "exec", name] as const;
  const rule = (...args: readonly string[]) => run(...within, "iptables", "--append", ...args);
  const directions = (port: number) =>
    [
      ["--protocol", "tcp", "--dport", String(port)],
      ["--protocol", "tcp", "--sport", String(port)],
    ] as const;
  const network: Network = {
    brokerAddress: address(1),
    hostAddress: address(2),
    prefix: within,
    cut(port) {
      const [to, from] = directions(port);
      // The RST packets themselves must pass.
      rule("OUTPUT", ...to, "--tcp-flags", "RST", "RST", "--jump", "ACCEPT");
      rule("OUTPUT", ...to, "--jump", "REJECT", "--reject-with", "tcp-reset");
      rule("INPUT", "!", "--in-interface", "lo", ...from, "--jump", "REJECT", "--reject-with", "tcp-reset");
      run(...within, "ss", "--kill", "--tcp", "dport", "=", `:${port}`);
    },
    dropPackets(port) {
      const [to, from] = directions(port);
      rule("OUTPUT", ...to, "--jump", "DROP");
      rule("INPUT", ...from, "--jump", "DROP");
    },
    heal: () => run(...within, "iptables", "--flush"),
    remove() {
      // The namespace would remove its link too, but only later.
      spawnSync("ip", ["link", "delete", outside]);
      spawnSync("ip", ["netns", "delete", name]);
    },
  };
  try {
    run("ip", "netns", "add", name);
    run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name);
    run("ip", "address", "add", `${address(1)}/30`, "dev", outside);
    run("ip", "link", "set", outside, "up");
    run("ip", "-netns", name, "address", "add", `${address(2)}/30`, "dev", inside);
    run("ip", "-netns", name, "link", "set", inside, "up");
    run("ip", "-netns", name, "link", "set", "lo", "up");
  } catch (error) {
    network.remove();
    throw error;
  }
  return network;
}
