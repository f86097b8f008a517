import type { BridgeError } from "../errors.js";
import { BackendFailure } from "./backend-failure.js";
import type { Body } from "./body.js";
import type { EdgeLoss } from "./reporter.js";

export function lossOf(error: BridgeError): EdgeLoss {
  if (error instanceof BackendFailure && !error.mayHaveRun) {
    return "no_worker";
  }
  return error.code === "BRIDGE_CLOSED" ? "closed" : "no_answer";
}

/** What a client gets in place of an acknowledgement: no handler of Python returns such an object. */
export const failed = (reason: EdgeLoss) => ({ socketioBridge: { error: reason } });

/** The `connect_error` that Python would have sent. */
export function refusal({ refusal: refused }: Body["head"]): Error {
  const { message = "Unable to connect", data } = (refused ?? {}) as Record<string, unknown>;
  return Object.assign(new Error(String(message)), data === undefined ? {} : { data });
}

/** What a client gets that could not enter for want of a worker. */
export function tryAgain(cause: BridgeError): Error {
  return Object.assign(new Error("the server cannot be reached at the moment: try again", { cause }), {
    data: { code: cause.code },
  });
}
