import { execFileSync, spawnSync } from "node:child_process";

/** What the host under fault may lose: its way to the broker, and nothing else. */
export interface Network {
  /** Where the broker listens, as seen from everywhere on this machine. */
  readonly brokerAddress: string;
  /** Where the host under fault listens. */
  readonly hostAddress: string;
  /** What stands before a command that is to run there. */
  readonly prefix: readonly string[];
  /** Both ends hear that the connection is reset, and none can be made. */
  cut(port: number): void;
  /** Nobody hears anything any more. */
  dropPackets(port: number): void;
  heal(): void;
  remove(): void;
}

/** For faults that need no network of their own. */
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

/** @returns why none can be made here, as the rest of a sentence; undefined if one can */
export function namespaceObstacle(): string | undefined {
  if (process.getuid?.() !== 0) {
    return "it takes root to make one: run this with sudo";
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

/** Those of measurements that were killed before they could clean up. */
function removeLeftOvers(): void {
  const names = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout.split(/\s+/);
  for (const name of names) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) {
      run("ip", "netns", "delete", name);
    }
  }
}

/**
 * The namespace belongs to this process, and so do its addresses: 198.18.0.0/15 is set aside for measurements of
 * networks (RFC 2544), so they are nobody else's.
 */
export function createNamespace(): Network {
  removeLeftOvers();
  const { pid } = process;
  const name = `sio-faults-${pid}`;
  const [outside, inside] = [`sf${pid}o`, `sf${pid}i`];
  const block = (pid % 0x8000) * 4;
  const address = (last: number) => `198.${18 + (block >> 16)}.${(block >> 8) & 255}.${(block & 255) + last}`;
  const within = ["ip", "netns", "exec", name] as const;
  const rule = (...args: readonly string[]) => run(...within, "iptables", "--append", ...args);
  const ways = (port: number) =>
    [
      ["--protocol", "tcp", "--dport", String(port)],
      ["--protocol", "tcp", "--sport", String(port)],
    ] as const;
  const network: Network = {
    brokerAddress: address(1),
    hostAddress: address(2),
    prefix: within,
    cut(port) {
      const [to, from] = ways(port);
      // The resets themselves must pass.
      rule("OUTPUT", ...to, "--tcp-flags", "RST", "RST", "--jump", "ACCEPT");
      rule("OUTPUT", ...to, "--jump", "REJECT", "--reject-with", "tcp-reset");
      rule("INPUT", "!", "--in-interface", "lo", ...from, "--jump", "REJECT", "--reject-with", "tcp-reset");
      run(...within, "ss", "--kill", "--tcp", "dport", "=", `:${port}`);
    },
    dropPackets(port) {
      const [to, from] = ways(port);
      rule("OUTPUT", ...to, "--jump", "DROP");
      rule("INPUT", ...from, "--jump", "DROP");
    },
    heal: () => run(...within, "iptables", "--flush"),
    remove() {
      // Without the pair: the namespace would take it along, but later.
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
