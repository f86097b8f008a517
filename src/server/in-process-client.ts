import { type Server as HttpServer, request } from "node:http";
import { duplexPair } from "node:stream";

/** Separates the packets of a response of Engine.IO. */
const SEPARATOR = "\x1e";

const [CONNECT, CONNECT_ERROR] = ["40", "44"];

/**
 * Sends a request to a server that listens nowhere. Node takes any stream for a connection:
 * https://nodejs.org/api/http.html#event-connection
 */
function send(http: HttpServer, path: string, body: string | undefined, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const [near, far] = duplexPair();
    http.emit("connection", Object.assign(far, { remoteAddress: "127.0.0.1" }));
    const outgoing = request(
      {
        createConnection: () => near as never,
        ...{ path, signal, method: body === undefined ? "GET" : "POST" },
        headers: { host: "localhost", "content-type": "text/plain;charset=UTF-8", connection: "close" },
      },
      (response) => {
        let text = "";
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => {
            text += chunk;
          })
          .on("end", () => {
            if (response.statusCode === 200) {
              resolve(text);
            } else {
              reject(new Error(`Engine.IO answers with status ${response.statusCode}: ${text}`));
            }
          })
          .on("error", reject);
      },
    );
    outgoing.on("error", reject).end(body);
  });
}

/**
 * Connects a client to a namespace of a server in this process, over HTTP polling without a network.
 *
 * @param path - that of the server, `/socket.io/`
 * @returns the message of its `connect_error`; `undefined` if the client is accepted
 * @throws Error rejects if the server refuses the connection, or where the signal has aborted
 */
export async function connectInProcess(
  http: HttpServer,
  { path, namespace, auth, signal }: { path: string; namespace: string; auth: unknown; signal: AbortSignal },
): Promise<string | undefined> {
  const url = `${path}?EIO=4&transport=polling`;
  const opened = await send(http, url, undefined, signal);
  const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
  const session = `${url}&sid=${sid}`;
  // As a client writes it: the namespace `/` has no name.
  const name = namespace === "/" ? "" : `${namespace},`;
  await send(http, session, `${CONNECT}${name}${auth === undefined ? "" : JSON.stringify(auth)}`, signal);
  for (;;) {
    for (const packet of (await send(http, session, undefined, signal)).split(SEPARATOR)) {
      if (packet.startsWith(`${CONNECT}${name}`)) {
        return undefined;
      }
      if (packet.startsWith(`${CONNECT_ERROR}${name}`)) {
        const { message } = JSON.parse(packet.slice(CONNECT_ERROR.length + name.length)) as { message?: unknown };
        return String(message);
      }
    }
  }
}
