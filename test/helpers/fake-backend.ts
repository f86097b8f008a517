import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";
import { BATCH_TYPE, PEER_PORT } from "../../src/edge/batch.js";
import { BODY_TYPE, type Body, decodeBody, encodeArgs, encodeBody } from "../../src/edge/body.js";
import { cleanUp } from "../../src/testing/scope.js";

export const FAKE_SECRET = "a secret of the tests";

type Handlers = Readonly<Record<string, { readonly events: readonly string[]; readonly any: boolean }>>;

export const describe = (handlers: Handlers, revision = "1") => ({
  version: 1,
  revision,
  alwaysConnect: false,
  inOrder: true,
  handlers,
});

export const reply = (fields: object = {}, args: readonly unknown[] = []): Buffer =>
  encodeBody(
    {
      handled: true,
      accepted: true,
      refusal: null,
      acknowledges: args.length > 0,
      marked: false,
      sessions: {},
      revision: "1",
      error: null,
      took: 10,
      process: 1,
      ...fields,
    },
    encodeArgs(args),
  );

export interface FakeBackend {
  readonly url: string;
  /** Calls whose body has come, in order. */
  readonly calls: readonly Body[];
  /** How many calls each batch had, in order. */
  readonly batches: readonly number[];
  /** Requests of either method, whether or not a body came. */
  readonly requests: { readonly method: string; readonly authorization: string }[];
}

type Answer = (call: Body, response: ServerResponse) => void;

export const end = (response: ServerResponse, body: Buffer | string, status = 200): void =>
  void response.writeHead(status, { "content-type": BODY_TYPE }).end(body);

const agree: Answer = (_, response) => end(response, reply());

/** One reply of the response to a batch. */
export const frame = (number: number, body: Buffer, status = 200): Buffer =>
  Buffer.concat([Buffer.from(`${number} ${status} ${body.byteLength}\n`), body]);

export interface FakeBackendOptions {
  /** What it handles; a function for a server that misbehaves. */
  readonly description: object | ((response: ServerResponse) => void);
  /** @default accepts the client */
  readonly onConnect?: Answer;
  /** @default no acknowledgement */
  readonly onEvent?: Answer;
  /** @default no acknowledgement for any of them */
  readonly onBatch?: (calls: readonly Body[], response: ServerResponse) => void;
  /** @default the handler has run */
  readonly onDisconnect?: Answer;
  /** Called in place of asking for the body. */
  readonly onContinue?: (response: ServerResponse) => boolean;
}

const agreeToAll = (calls: readonly Body[], response: ServerResponse): void =>
  void response.end(Buffer.concat(calls.map((_, number) => frame(number, reply()))));

/** The calls of a batch. */
function split(bytes: Buffer): readonly Buffer[] {
  const end = bytes.indexOf("\n");
  let position = end + 1;
  return Array.from(bytes.toString("latin1", 0, end).split(" "), (length) => {
    const start = position;
    position += Number(length);
    return bytes.subarray(start, position);
  });
}

/** A server in the place of workers: it says what it is told to, such as what no worker would. */
export async function startFakeBackend(
  t: ExecutionContext,
  {
    description,
    onConnect = agree,
    onEvent = agree,
    onDisconnect = agree,
    onBatch = agreeToAll,
    onContinue,
  }: FakeBackendOptions,
): Promise<FakeBackend> {
  const calls: Body[] = [];
  const batches: number[] = [];
  const requests: { method: string; authorization: string }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests.push({ method: String(request.method), authorization: String(request.headers.authorization) });
    if (request.method === "GET") {
      if (typeof description === "function") {
        description(response);
      } else {
        end(response, encodeBody({ ...description }, encodeArgs([])));
      }
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    if (request.headers["content-type"] === BATCH_TYPE) {
      const batch = split(body).map(decodeBody);
      batches.push(batch.length);
      calls.push(...batch);
      onBatch(
        batch,
        response.writeHead(200, { "content-type": BATCH_TYPE, [PEER_PORT]: String(request.socket.remotePort) }),
      );
      return;
    }
    const call = decodeBody(body);
    calls.push(call);
    const answers: Readonly<Record<string, Answer>> = { connect: onConnect, event: onEvent, disconnect: onDisconnect };
    (answers[String(call.head.kind)] ?? agree)(call, response);
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => {}));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (onContinue?.(response) ?? true) {
      response.writeContinue();
      void handle(request, response).catch(() => {});
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, batches, requests };
}
