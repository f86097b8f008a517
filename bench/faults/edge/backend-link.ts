import { Transform } from "node:stream";
import { openRelay, type Relay } from "../../shared/relay.js";

/** The way from the edges to the workers. */
export interface BackendLink extends Relay {
  /** Nothing passes in either direction, and no connection ends. */
  darken(): void;
  /** What was held passes. */
  lighten(): void;
}

/** @param workersPort - called for each connection */
export async function openBackendLink(workersPort: () => number): Promise<BackendLink> {
  const held: (() => void)[] = [];
  let isDark = false;
  const pass = (done: () => void): void => void (isDark ? held.push(done) : done());
  const holding = () =>
    new Transform({
      transform: (bytes: Buffer, _encoding, done) => pass(() => done(null, bytes)),
      flush: (done) => pass(done),
    });
  const relay = await openRelay({ brokerPort: workersPort, transform: holding, transformRequests: holding });
  return {
    ...relay,
    darken: () => {
      isDark = true;
    },
    lighten: () => {
      isDark = false;
      for (const done of held.splice(0)) {
        done();
      }
    },
  };
}
