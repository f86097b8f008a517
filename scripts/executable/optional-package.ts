import * as amqplib from "amqplib";
import * as ioredis from "ioredis";
import { BridgeError } from "../../src/errors.js";

const PACKAGES: Readonly<Record<string, unknown>> = { amqplib, ioredis };

/** In the place of `src/util/optional-package.ts`: an executable finds no packages but those inside it. */
export function optionalPackage<Module>(name: string, user: string): Module {
  if (PACKAGES[name] === undefined) {
    const remedy = "use the npm package or the container image";
    throw new BridgeError(
      "BRIDGE_MISSING_PACKAGE",
      `${user} needs ${name}, which is not in this executable: ${remedy}`,
    );
  }
  return PACKAGES[name] as Module;
}
