import { Unavailable } from "./program.js";

/** The used part of a socket of socket.io-client 2, which has no types of its own. */
interface SocketV2 {
  readonly id: string;
  readonly connected: boolean;
  onevent(packet: { readonly data: readonly unknown[]; readonly id?: number }): void;
  ack(id: number): (...args: readonly unknown[]) => void;
  emit(event: string, ...args: readonly unknown[]): void;
  once(event: string, listener: (...args: never[]) => void): void;
  disconnect(): void;
}

type Connect = (url: string, options: object) => SocketV2;

/** The part of socket.io-client 4 that a test client needs. */
export interface AnySocket {
  readonly id?: string | undefined;
  readonly connected: boolean;
  onAny(listener: (event: string, ...args: unknown[]) => void): unknown;
  emitWithAck(event: string, ...args: readonly unknown[]): Promise<unknown>;
  once(event: "connect" | "disconnect", listener: () => void): unknown;
  once(event: "connect_error", listener: (error: Error) => void): unknown;
  disconnect(): unknown;
}

/** Imported by a variable, so that the compiler does not resolve it: only users with such old clients install it. */
async function load(): Promise<Connect> {
  const name = "socket.io-client-v2";
  try {
    return ((await import(name)) as { readonly default: Connect }).default;
  } catch {
    const remedy = "npm install --save-dev socket.io-client-v2@npm:socket.io-client@2";
    throw new Unavailable(name, `clients of Engine.IO 3 need socket.io-client 2: ${remedy}`);
  }
}

/** A client of Engine.IO 3. @throws Unavailable where socket.io-client 2 is not installed */
export async function connectV2(url: string, options: object): Promise<AnySocket> {
  const connect = await load();
  const socket = connect(url, options);
  return {
    get id() {
      return socket.id;
    },
    get connected() {
      return socket.connected;
    },
    onAny: (listener) => {
      // Every event passes through it; that version has no catch-all listener.
      socket.onevent = ({ data, id }) => {
        const [event, ...args] = data;
        listener(String(event), ...args, ...(id === undefined ? [] : [socket.ack(id)]));
      };
    },
    emitWithAck: (event, ...args) => new Promise((resolve) => socket.emit(event, ...args, resolve)),
    once: (event: string, listener: (...args: never[]) => void) => socket.once(event, listener),
    disconnect: () => socket.disconnect(),
  };
}
