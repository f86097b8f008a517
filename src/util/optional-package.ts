import { createRequire } from "node:module";
import { BridgeError } from "../errors.js";

const require = createRequire(import.meta.url);

/**
 * Loads a package that only some uses need, such as the client library of a broker. Synchronous, so that a missing one is
 * reported by the call that needs it.
 *
 * @param user - what needs it, for the error: `kafka://`
 * @throws BridgeError `BRIDGE_MISSING_PACKAGE`, with the command that installs it, or with the reason why it cannot be
 * loaded, such as a native addon that was built for another system
 */
export function optionalPackage<Module>(name: string, user: string): Module {
  try {
    return require(name) as Module;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isMissing = code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
    const remedy = isMissing ? `: npm install ${name}` : `, which cannot be loaded: ${message}`;
    throw new BridgeError("BRIDGE_MISSING_PACKAGE", `${user} needs the package ${name}${remedy}`, { cause });
  }
}
