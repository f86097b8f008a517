import type { SASLOptions } from "@platformatic/kafka";
import type { AskCredentials } from "../core/credentials.js";
import type { CheckedSasl } from "./url.js";

/**
 * How the client library logs in over one connection. It calls functions for the user first, and then for the password;
 * both again when the broker wants the login renewed (`connections.max.reauth.ms`).
 *
 * @param ask - who logs in. @default whom `sasl` names
 * @throws BridgeError rejects as `ask`
 */
export async function loginOf(
  { mechanism, username, password }: CheckedSasl,
  ask: AskCredentials | undefined,
  signal: AbortSignal,
): Promise<SASLOptions> {
  const isToken = mechanism === "OAUTHBEARER";
  if (ask === undefined) {
    return isToken ? tokenLogin(password) : { mechanism, username, password };
  }
  // Before there is a socket, which the broker would not keep open without a login for as long as this may take.
  const first = await ask(signal);
  let unused: typeof first | undefined = first;
  let current = Promise.resolve(first);
  const renew = () => {
    current = unused === undefined ? ask(signal) : Promise.resolve(unused);
    unused = undefined;
    return current;
  };
  return isToken
    ? tokenLogin(async () => (await renew()).password)
    : {
        mechanism,
        username: async () => (await renew()).username ?? username,
        password: async () => (await current).password,
      };
}

function tokenLogin(token: string | (() => Promise<string>)): SASLOptions {
  return {
    mechanism: "OAUTHBEARER",
    token,
    // A broker that refuses a token says so in a response without an error code, and waits for the client to go.
    authBytesValidator: (answer, done) =>
      answer.length === 0 ? done(null, answer) : done(new Error(`the token was refused: ${answer}`), answer),
  };
}
