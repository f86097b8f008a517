import { createRequire } from "node:module";
import { BridgeError } from "../errors.js";

const require = createRequire(import.meta.url);

/**
 * A package that only some uses need: the client library of a broker, say. Loaded when a bus is made, so that a missing
 * one is told at once.
 *
 * @param user - what needs it, for the error: `kafka://`
 * @throws BridgeError `BRIDGE_MISSING_PACKAGE`
 */
export function optionalPackage<Module>(name: string, user: string): Module {
  try {
    return require(name) as Module;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") {
      throw new BridgeError("BRIDGE_MISSING_PACKAGE", `${user} needs the package ${name}: npm install ${name}`, {
        cause,
      });
    }
    throw cause;
  }
}
