import { randomBytes } from "node:crypto";
import { Unavailable } from "../src/testing/program.js";
import { ManualScope } from "../src/testing/scope.js";
import { waitTimeout } from "../src/testing/with-timeout.js";
import { startTestbed, type Testbed, type TestbedOptions } from "./testbed.js";

/** A working testbed passes the check at once. */
const CHECK_TIMEOUT_MS = 3_000;

/** Failed checks in a row before a kind of peer is given up: each costs its timeout, and no more is learned. */
const MAX_FAILED_CHECKS = 3;

/** Several scenarios in a row have broken the testbed. */
export class GivenUp extends Error {}

/** Prefix of the events of a check. */
export const CHECK_PREFIX = "check#";

/** The testbed of one kind of peer: started when it is needed, and again after a scenario has broken it. */
export class RestartableTestbed {
  readonly #options: TestbedOptions;
  readonly #addNote: (note: string) => void;
  #scope = new ManualScope();
  #testbed: Testbed | undefined;
  /** Why there will be no testbed any more. */
  #failure: Error | undefined;
  #failedChecks = 0;

  /** @param addNote - takes what a reader of the report should know, such as clients that do not take part */
  constructor(options: TestbedOptions, addNote: (note: string) => void) {
    this.#options = options;
    this.#addNote = addNote;
  }

  /** @throws Unavailable where a package is missing. A testbed that could not be started is not tried again */
  async current(): Promise<Testbed> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    this.#testbed ??= await this.#start();
    return this.#testbed;
  }

  async end(): Promise<void> {
    this.#testbed = undefined;
    await this.#scope.end();
  }

  /**
   * Ends the testbed unless messages still cross the channel in both directions; after several failures in a row, for
   * good.
   *
   * @returns what is wrong with it
   */
  async check(): Promise<string | undefined> {
    const testbed = await this.current();
    const event = `${CHECK_PREFIX}${randomBytes(4).toString("hex")}`;
    try {
      await waitTimeout.run(CHECK_TIMEOUT_MS, async () => {
        await testbed.python.request("emit", { event });
        await Promise.all(testbed.nodeClients.map(({ client }) => client.until(event)));
        testbed.node.io.emit(`${event} back`);
        await Promise.all(testbed.pythonClients.map(({ client }) => client.until(`${event} back`)));
      });
      this.#failedChecks = 0;
      return undefined;
    } catch (error) {
      await this.end();
      this.#failedChecks += 1;
      if (this.#failedChecks >= MAX_FAILED_CHECKS) {
        const when = `after each of ${MAX_FAILED_CHECKS} scenarios in a row`;
        this.#failure = new GivenUp(`not tried: ${when}, messages did not cross the channel any more`);
      }
      return `afterwards, messages did not cross the channel any more: ${(error as Error).message}`;
    }
  }

  async #start(): Promise<Testbed> {
    const { kind } = this.#options;
    let testbed: Testbed;
    try {
      testbed = await startTestbed(this.#scope, this.#options);
    } catch (cause) {
      await this.end();
      this.#failure =
        cause instanceof Unavailable
          ? cause
          : new Error(`the ${kind} peer did not start: ${(cause as Error).message}`, { cause });
      throw this.#failure;
    }
    const { python, withoutPythonClients } = testbed;
    if (python.websocketNeeds !== undefined) {
      this.#addNote(`Clients of the ${kind} host only poll: ${python.websocketNeeds} is not installed.`);
    }
    if (withoutPythonClients !== undefined) {
      this.#addNote(`No Python clients take part: ${withoutPythonClients}.`);
    }
    return testbed;
  }
}
