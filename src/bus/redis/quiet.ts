import type { Redis } from "ioredis";
import { debugLog } from "../../util/debug.js";

const debug = debugLog("redis");

type Callback = (error: Error | null, reply?: string) => void;

/** What ioredis calls during a handshake. */
interface Handshake {
  auth(...args: unknown[]): Promise<unknown>;
  info(...args: unknown[]): Promise<string>;
}

/**
 * Answers what ioredis would print on the console, past any logger: that the server does not want a password, that it
 * takes no user name before Redis 6, and that the user may not ask for INFO.
 */
export function silence(connection: Redis): Redis {
  const client = connection as unknown as Handshake;
  const [auth, info] = [client.auth.bind(client), client.info.bind(client)];
  client.auth = (...args) => auth(...args).catch(withoutPassword);
  client.info = (...args) => (typeof args[0] === "function" ? infoOrNothing(info, args[0] as Callback) : info(...args));
  return connection;
}

/** @throws Error when the login cannot do */
function withoutPassword(error: Error): string {
  if (/no password is set|without any password configured/.test(error.message)) {
    debug("a password was given, and the server wants none");
    return "OK";
  }
  if (error.message.includes("wrong number of arguments")) {
    throw new Error("it takes no user name, which Redis does from version 6 on", { cause: error });
  }
  throw error;
}

/** Whoever may not ask is not told whether Redis is still loading, and finds out. */
async function infoOrNothing(info: () => Promise<string>, callback: Callback): Promise<string> {
  let reply = "";
  try {
    reply = await info();
  } catch (error) {
    if (!(error as Error).message.includes("NOPERM")) {
      callback(error as Error);
      throw error;
    }
  }
  callback(null, reply);
  return reply;
}
