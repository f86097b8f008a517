import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions } from "socket.io";
import { type BridgeAdapter, createAdapter } from "../adapter/create-adapter.js";
import type { RejectedMessage } from "../adapter/reporting/handle.js";
import type { BusStatus } from "../bus/bus.js";
import type { BusSource } from "../bus/open.js";
import type { AdapterOptions } from "../options.js";
import { Inbox } from "./inbox.js";
import { cleanUp, type Scope } from "./scope.js";

/** A Socket.IO server in this process that is a host of the fleet. */
export interface NodeHost {
  readonly io: Server;
  readonly adapter: BridgeAdapter;
  readonly url: string;
  readonly rejections: Inbox<RejectedMessage>;
  readonly statuses: Inbox<BusStatus>;
  readonly log: readonly string[];
}

/** A channel that nobody else uses. */
export const ownChannel = (): string => `test-${randomUUID()}`;

/** The events that Python peers handle too: join and leave a room. */
function addHandlers(io: Server): void {
  for (const name of ["/", "/chat"]) {
    io.of(name).on("connection", (socket) => {
      socket.on("join", async (room, acknowledge) => {
        await socket.join(String(room));
        acknowledge?.(["joined", room]);
      });
      socket.on("leave", async (room, acknowledge) => {
        await socket.leave(String(room));
        acknowledge?.(["left", room]);
      });
    });
  }
}

/** Resolves when it is ready. Closed, with its connections, when the scope ends. */
export async function startNodeHost(
  scope: Scope,
  source: BusSource,
  options: AdapterOptions,
  serverOptions: Partial<ServerOptions> = {},
): Promise<NodeHost> {
  const log: string[] = [];
  const logger = { info: () => {}, warn: (line: string) => log.push(line) };
  const adapter = createAdapter(source, { logger, ...options });
  const rejections = new Inbox<RejectedMessage>();
  const statuses = new Inbox<BusStatus>();
  adapter.onRejected((rejection) => rejections.add(rejection));
  adapter.onStatus((status) => statuses.add(status));
  const http = createServer();
  const io = new Server(http, { ...serverOptions, adapter });
  cleanUp(scope, async () => {
    await io.close();
    http.closeAllConnections();
  });
  addHandlers(io);
  await adapter.ready();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { io, adapter, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, rejections, statuses, log };
}
