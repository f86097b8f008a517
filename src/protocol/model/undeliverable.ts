import { quote } from "../../util/quote.js";
import type { Rejection } from "./rejection.js";

/** For what threw while a message was handled: a dependency, the server's parser, or an outgoing listener of the application. */
export function undeliverable(error: unknown): Rejection {
  return { reason: "undeliverable", detail: quote(error instanceof Error ? error.message : String(error)) };
}
