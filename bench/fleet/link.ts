import { Transform } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { now } from "../shared/clock.js";
import { openRelay } from "../shared/relay.js";

/** The network between one process and the broker. */
export interface Link {
  readonly port: number;
  /** When each connection that was open ended, whichever side ended it. */
  readonly closings: readonly number[];
  /** Limits what the broker sends over each connection; undefined takes the limit away. */
  throttle(bytesPerSecond: number | undefined): void;
  /** Ends all connections, and refuses new ones until `restore()`. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/** Opens a link on a free port. @param brokerPort - called for each connection */
export async function openLink(brokerPort: () => number): Promise<Link> {
  const closings: number[] = [];
  let limit: number | undefined;
  const throttled = () =>
    new Transform({
      transform(bytes: Buffer, _encoding, done) {
        if (limit === undefined) {
          done(null, bytes);
        } else {
          pause((bytes.byteLength / limit) * 1_000).then(() => done(null, bytes), done);
        }
      },
    });
  const relay = await openRelay({
    brokerPort,
    transform: throttled,
    onBroker: (broker) => broker.once("connect", () => broker.once("close", () => closings.push(now()))),
  });
  return {
    port: relay.port,
    closings,
    throttle: (bytesPerSecond) => {
      limit = bytesPerSecond;
    },
    cut: relay.close,
    restore: relay.reopen,
  };
}
