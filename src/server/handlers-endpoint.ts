import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** As at the workers: a proxy that keeps that from the outside keeps this from it, too. */
export const HANDLERS_PATH = "/socketio-bridge";

type Endpoint = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Answers a GET of whoever knows the secret of the workers, as JSON.
 *
 * @param describe - what is answered
 * @returns a function that returns whether it has answered
 */
export function handlersEndpoint(secret: string, describe: () => unknown): Endpoint {
  const expected = digest(`Bearer ${secret}`);
  return (request, response) => {
    if (request.url !== HANDLERS_PATH || request.method !== "GET") {
      return false;
    }
    if (timingSafeEqual(digest(request.headers.authorization ?? ""), expected)) {
      end(response, 200, describe());
    } else {
      end(response, 401, { error: "the secret is missing or wrong" });
    }
    return true;
  };
}

/** Of one length, whatever the length of the text. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function end(response: ServerResponse, status: number, content: unknown): void {
  response
    .writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" })
    .end(JSON.stringify(content));
}
