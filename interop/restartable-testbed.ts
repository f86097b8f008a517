import { randomBytes } from "node:crypto";
import { Unavailable } from "../src/testing/python-program.js";
import { ManualScope } from "../src/testing/scope.js";
import { waitTimeout } from "../src/testing/with-timeout.js";
import { type MixedFleet, type MixedFleetOptions, startMixedFleet } from "./testbed.js";

/** A fleet that is well answers at once. */
const PATIENCE_WITH_CHECK_MS = 3_000;

/** Each costs its patience, and after these nothing new comes of it. */
const MOST_UNWELL = 3;

/** Several scenarios in a row have left the fleet unwell. */
export class GivenUp extends Error {}

/** What a check's events begin with. */
export const CHECK = "check#";

/** The fleet of one kind, started when it is needed and anew when a scenario has left it unwell. */
export class Fleets {
  readonly #options: MixedFleetOptions;
  #scope = new ManualScope();
  #fleet: MixedFleet | undefined;
  /** Why there is none, and will not be. */
  #end: Error | undefined;
  #unwell = 0;
  readonly #note: (note: string) => void;

  constructor(options: MixedFleetOptions, note: (note: string) => void) {
    this.#options = options;
    this.#note = note;
  }

  /** @throws Unavailable where a package is missing; what once could not be started is not tried again */
  async current(): Promise<MixedFleet> {
    if (this.#end !== undefined) {
      throw this.#end;
    }
    if (this.#fleet === undefined) {
      try {
        this.#fleet = await startMixedFleet(this.#scope, this.#options);
      } catch (error) {
        await this.end();
        this.#end =
          error instanceof Unavailable
            ? error
            : new Error(`the ${this.#options.kind} peer did not start: ${(error as Error).message}`, { cause: error });
        throw this.#end;
      }
      const { kind, python, withoutPythonClients } = this.#fleet;
      if (python.websocketNeeds !== undefined) {
        this.#note(`Clients of the ${kind} host only poll: ${python.websocketNeeds} is not installed.`);
      }
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

  /**
   * Ends it unless messages still cross in both directions; and after some scenarios in a row, for good.
   *
   * @returns what has become of it
   */
  async check(): Promise<string | undefined> {
    const fleet = await this.current();
    const event = `${CHECK}${randomBytes(4).toString("hex")}`;
    try {
      await waitTimeout.run(PATIENCE_WITH_CHECK_MS, async () => {
        await fleet.python.request("emit", { event });
        await Promise.all(fleet.nodeClients.map(({ client }) => client.until(event)));
        fleet.node.io.emit(`${event} back`);
        await Promise.all(fleet.pythonClients.map(({ client }) => client.until(`${event} back`)));
      });
      this.#unwell = 0;
      return undefined;
    } catch (error) {
      await this.end();
      this.#unwell += 1;
      if (this.#unwell >= MOST_UNWELL) {
        const times = `after each of ${MOST_UNWELL} scenarios in a row, messages did not cross the channel any more`;
        this.#end = new GivenUp(`not tried: ${times}`);
      }
      return `afterwards, messages did not cross the channel any more: ${(error as Error).message}`;
    }
  }
}
