import { randomBytes } from "node:crypto";
import { type MixedFleet, type MixedFleetOptions, startMixedFleet } from "./fleet/mixed-fleet.js";
import { patience } from "./fleet/once.js";
import { OwnScope } from "./fleet/scope.js";

/** A fleet that is well answers at once. */
const PATIENCE_WITH_CHECK_MS = 3_000;

/** What a check's events begin with. */
export const CHECK = "check#";

/** The fleet of one kind, started when it is needed and anew when a scenario has left it unwell. */
export class Fleets {
  readonly #options: MixedFleetOptions;
  #scope = new OwnScope();
  #fleet: MixedFleet | undefined;
  #broken: unknown;

  readonly #note: (note: string) => void;

  constructor(options: MixedFleetOptions, note: (note: string) => void) {
    this.#options = options;
    this.#note = note;
  }

  /** @throws Unavailable where a package is missing; what once could not be started is not tried again */
  async current(): Promise<MixedFleet> {
    if (this.#broken !== undefined) {
      throw this.#broken;
    }
    if (this.#fleet === undefined) {
      try {
        this.#fleet = await startMixedFleet(this.#scope, this.#options);
      } catch (error) {
        this.#broken = error;
        await this.end();
        throw error;
      }
      const { withoutPythonClients } = this.#fleet;
      if (withoutPythonClients !== undefined) {
        this.#note(`No Python clients take part: ${withoutPythonClients}.`);
      }
    }
    return this.#fleet;
  }

  async end(): Promise<void> {
    this.#fleet = undefined;
    await this.#scope.end();
  }

  /** Ends it unless messages still cross in both directions. @returns what has become of it */
  async check(): Promise<string | undefined> {
    const fleet = await this.current();
    const event = `${CHECK}${randomBytes(4).toString("hex")}`;
    try {
      await patience.run(PATIENCE_WITH_CHECK_MS, async () => {
        await fleet.python.request("emit", { event });
        await Promise.all(fleet.nodeClients.map(({ client }) => client.until(event)));
        fleet.node.io.emit(`${event} back`);
        await Promise.all(fleet.pythonClients.map(({ client }) => client.until(`${event} back`)));
      });
      return undefined;
    } catch (error) {
      await this.end();
      return `afterwards, messages did not cross the channel any more: ${(error as Error).message}`;
    }
  }
}
