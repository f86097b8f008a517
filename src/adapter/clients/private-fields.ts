import type { Namespace } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { EventPacket } from "./event-packet.js";
import { clientOf, namespaceOf } from "./namespace.js";

/*
 * Fields that socket.io 4.7 to 4.8 keeps private, each behind a function. What is read for every message is in
 * `send-prepared.ts` and `batched-writes.ts`.
 */

/** `Socket` of socket.io, whose types keep these fields private. */
interface PrivateSocket {
  /** Since 4.6: the secret by which a client resumes its session. */
  readonly pid: string;
  /** Acknowledgements that the client owes, by packet id. */
  readonly acks: Map<number, unknown>;
  readonly conn: { close(discard: boolean): void };
  packet(packet: EventPacket): void;
}

interface PrivateServer {
  /** The options that the server was made with. */
  readonly _opts: {
    readonly parser?: unknown;
    readonly connectionStateRecovery?: { readonly maxDisconnectionDuration: number };
    readonly pingInterval?: number;
    readonly pingTimeout?: number;
  };
}

const optionsOf = (adapter: Adapter): PrivateServer["_opts"] =>
  (namespaceOf(adapter).server as unknown as PrivateServer)._opts;

const privateClientOf = (adapter: Adapter, sid: string): PrivateSocket | undefined =>
  clientOf(adapter, sid) as unknown as PrivateSocket | undefined;

/** Whether clients of this server get packets as text, not through a parser of the application (`Server._opts.parser`). */
export function hasDefaultParser(adapter: Adapter): boolean {
  return optionsOf(adapter).parser === undefined;
}

/** Milliseconds. */
export interface RecoveryTimes {
  /** For which a client may be away. */
  readonly maxDisconnection: number;
  /**
   * That may pass before a dead connection is noticed: no pong came for an interval and a timeout, and the ping before it
   * took up to a timeout.
   */
  readonly detection: number;
}

/** `Server._opts.connectionStateRecovery`, with the defaults of engine.io 6. @returns undefined where it is off */
export function recoveryTimesOf(adapter: Adapter): RecoveryTimes | undefined {
  const { connectionStateRecovery, pingInterval = 25_000, pingTimeout = 20_000 } = optionsOf(adapter);
  return connectionStateRecovery === undefined
    ? undefined
    : {
        maxDisconnection: connectionStateRecovery.maxDisconnectionDuration,
        detection: pingInterval + 2 * pingTimeout,
      };
}

/** `Socket.acks`: an acknowledgement that nobody waits for any more. */
export function forgetAck(adapter: Adapter, sid: string, packetId: number): void {
  privateClientOf(adapter, sid)?.acks.delete(packetId);
}

/** `Socket.packet()`, which also sends before the client's CONNECT packet; the client receives it after that. */
export function sendEvent(adapter: Adapter, sid: string, packet: EventPacket): void {
  privateClientOf(adapter, sid)?.packet(packet);
}

/**
 * Ends the connection of the client with that secret (`Socket.pid`), if it has one here. `Socket` of engine.io 6 emits
 * `close` before `close(true)` returns, so that the session is persisted by then.
 */
export function closeConnectionOf(adapter: Adapter, pid: string): void {
  for (const client of namespaceOf(adapter).sockets.values() as Iterable<unknown>) {
    if ((client as PrivateSocket).pid === pid) {
      (client as PrivateSocket).conn.close(true);
      return;
    }
  }
}

/** `Namespace._onServerSideEmit()`: calls the namespace's own listeners. */
export function callServerSideListeners(namespace: Namespace, args: readonly [string, ...unknown[]]): void {
  namespace._onServerSideEmit([...args]);
}
