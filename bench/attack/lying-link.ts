import type { Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as pause, setImmediate } from "node:timers/promises";
import type { Random } from "../chaos/random.js";
import { openRelay } from "../shared/relay.js";

/** What a broker, or the network before it, does to what it sends. */
export type Lie =
  | "none"
  /** Nothing passes, and nothing is closed. */
  | "stalls"
  /** A few bytes at a time. */
  | "slices"
  /** Connections are reset after a few KiB. */
  | "resets"
  /** A byte in some hundreds is another one. */
  | "alters"
  /** Bytes come twice, or are missing. */
  | "repeats";

export const LIES: readonly Exclude<Lie, "none">[] = ["stalls", "slices", "resets", "alters", "repeats"];

/** The network between one process and the broker. */
export interface LyingLink {
  readonly port: number;
  /** From now on, for connections that are open too. */
  tell(lie: Lie): void;
  close(): Promise<void>;
}

const MOST_OF_A_SLICE = 7;
const MOST_BEFORE_A_RESET = 8_192;
const BYTES_PER_FAULT = 300;
/** After as many slices the event loop has a turn for others. */
const SLICES_A_TURN = 200;

/** Opens a link on a free port. @param brokerPort - called for each connection */
export async function openLyingLink(random: Random, brokerPort: () => number): Promise<LyingLink> {
  let current: Lie = "none";
  const held = new Set<() => void>();

  function altered(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let at = random.whole(0, BYTES_PER_FAULT); at < copy.byteLength; at += random.whole(1, 2 * BYTES_PER_FAULT)) {
      copy[at] = random.whole(0, 255);
    }
    return copy;
  }

  function repeated(bytes: Buffer): Buffer {
    const [one, other] = [random.whole(0, bytes.byteLength), random.whole(0, bytes.byteLength)];
    return Buffer.concat([bytes.subarray(0, one), bytes.subarray(other)]);
  }

  async function slice(bytes: Buffer, push: (part: Buffer) => void): Promise<void> {
    let slices = 0;
    for (let at = 0; at < bytes.byteLength; slices += 1) {
      const end = at + random.whole(1, MOST_OF_A_SLICE);
      push(bytes.subarray(at, end));
      at = end;
      if (slices % SLICES_A_TURN === 0) {
        await setImmediate();
      }
    }
  }

  const lying = (client: Socket) => {
    let passed = 0;
    return new Transform({
      async transform(bytes: Buffer, _encoding, done) {
        passed += bytes.byteLength;
        switch (current) {
          case "stalls":
            await new Promise<void>((resolve) => held.add(resolve));
            return done(null, bytes);
          case "slices":
            await slice(bytes, (part) => this.push(part));
            return done();
          case "resets":
            if (passed > random.whole(1, MOST_BEFORE_A_RESET)) {
              client.resetAndDestroy();
              await pause(1);
            }
            return done(null, bytes);
          case "alters":
            return done(null, altered(bytes));
          case "repeats":
            return done(null, repeated(bytes));
          default:
            return done(null, bytes);
        }
      },
    });
  };

  const relay = await openRelay({ brokerPort, transform: lying });

  function release(): void {
    for (const resolve of held) {
      resolve();
    }
    held.clear();
  }

  return {
    port: relay.port,
    tell: (lie) => {
      current = lie;
      release();
    },
    close: async () => {
      current = "none";
      release();
      await relay.close();
    },
  };
}
