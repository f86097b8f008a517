import { createRequire } from "node:module";
import { BridgeError } from "../errors.js";

const require = createRequire(import.meta.url);

/**
 * A client library that only some brokers need. Loaded when a bus is made, so that a missing one is told at once.
 *
 * @throws BridgeError `MISSING_PACKAGE`
 */
export function optionalPackage<Module>(name: string, scheme: string): Module {
  try {
    return require(name) as Module;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") {
      throw new BridgeError("MISSING_PACKAGE", `${scheme}:// needs the package ${name}: npm install ${name}`, {
        cause,
      });
    }
    throw cause;
  }
}
