import type { Redis } from "ioredis";
import { debugLog } from "../../util/debug.js";

const debug = debugLog("redis");

type Command = (...args: unknown[]) => Promise<unknown>;

/** What ioredis calls during a handshake: with a callback or, in other versions and places, without. */
interface Handshake {
  auth: Command;
  info: Command;
}

/**
 * Answers what ioredis would print on the console, past any logger: that the server does not want a password, that it
 * takes no user name before Redis 6, and that the user may not ask for INFO.
 */
export function silence(connection: Redis): Redis {
  const client = connection as unknown as Handshake;
  const [auth, info] = [client.auth.bind(client), client.info.bind(client)];
  client.auth = answering(auth, (error, [login]) => logInOtherwise(error, login, auth));
  // Whoever may not ask is not told whether Redis is still loading.
  client.info = answering(info, (error, args) => {
    return args.length === 0 && error.message.includes("NOPERM") ? "" : Promise.reject(error);
  });
  return connection;
}

/** @param instead - the answer to what the server refuses */
function answering(command: Command, instead: (error: Error, args: readonly unknown[]) => unknown): Command {
  return (...all) => {
    const args = all.filter((arg) => typeof arg !== "function");
    const callback = all.find((arg) => typeof arg === "function") as
      | ((error: unknown, reply?: unknown) => void)
      | undefined;
    const answer = command(...args).catch((error: Error) => instead(error, args));
    if (callback !== undefined) {
      answer.then((reply) => callback(null, reply), callback);
    }
    return answer;
  };
}

/** As redis-py does with a server before Redis 6, and ioredis with one that wants no password. */
function logInOtherwise(error: Error, login: unknown, auth: Command): Promise<unknown> {
  if (/no password is set|without any password configured/.test(error.message)) {
    debug("a password was given, and the server wants none");
    return Promise.resolve("OK");
  }
  if (Array.isArray(login) && error.message.includes("wrong number of arguments")) {
    const password: unknown = login.at(-1);
    return auth(password).catch((refusal: Error) => logInOtherwise(refusal, password, auth));
  }
  return Promise.reject(error);
}
