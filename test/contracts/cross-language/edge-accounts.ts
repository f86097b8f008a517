import type { TestFn } from "ava";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { startCelery } from "../../helpers/python-workers.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import { compareTwins, type Script, settled, startFlaskTwins, Transcript } from "./edge-twins.js";

const APP = "edge_accounts";
const LEAST_ENTRIES = 35;

/** As a browser does: Flask-Login ends the session of another one. */
const USER_AGENT = { "User-Agent": "a browser" };

/** A browser with its cookies, whose pages are beside its Socket.IO client. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly #views: string;

  constructor(views: string) {
    this.#views = views;
  }

  get headers(): Record<string, string> {
    return { ...USER_AGENT, Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
  }

  async post(path: string): Promise<[number, unknown]> {
    const response = await fetch(this.#views + path, { method: "POST", headers: this.headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = cookie.slice(0, cookie.indexOf(";")).split("=");
      this.cookies.set(name, value);
    }
    return [response.status, response.ok ? await response.json() : await response.text()];
  }
}

const script: Script = async (t, { clients, views }, transports) => {
  const transcript = new Transcript(t, clients);
  const [browser, another] = [new Browser(views), new Browser(views)];
  const open = async (extraHeaders: Record<string, string>) => {
    const socket = transcript.open("/", { transports, extraHeaders });
    await settled(socket);
    return socket;
  };
  const post = async (path: string, from = browser) => transcript.add("page", path, ...(await from.post(path)));
  // Whether the event precedes the answer of what causes it is nobody's promise.
  const during = async (socket: Awaited<ReturnType<typeof open>>, event: string, act: () => unknown) => {
    const seen = new Promise((done) => socket.once(event, done));
    await act();
    await withTimeout(`${event} after ${JSON.stringify(transcript.entries)}`, seen);
  };

  const stranger = await open({ ...USER_AGENT, Cookie: "session=made-up; remember_token=ann|forged" });
  await transcript.call(stranger, "who am I");
  await transcript.call(stranger, "set", "colour", "blue");
  await transcript.call(stranger, "get", "colour");
  await during(stranger, "disconnect", () => stranger.emit("visit"));
  await post("/visit");

  await post("/login/ann?remember=yes");
  const ann = await open(browser.headers);
  await transcript.call(ann, "who am I");
  for (let count = 0; count < 6; count += 1) {
    await transcript.call(ann, "visit");
  }
  // Pages and events share the session.
  await during(ann, "visited", () => browser.post("/visit"));
  await transcript.call(ann, "visit");
  await transcript.call(ann, "set", "basket", { items: [1, "zwei", null] });
  const other = await open(browser.headers);
  await transcript.call(other, "get", "basket");

  await during(ann, "shipped", () => ann.emit("order", 7));
  await Promise.all([during(other, "shipped", () => undefined), during(ann, "shipped", () => browser.post("/order"))]);

  // Who comes back with another user agent has lost the session, and is remembered by the other cookie at most.
  const thief = await open({ ...browser.headers, "User-Agent": "another browser" });
  await transcript.call(thief, "who am I");
  const remembered = await open({ ...USER_AGENT, Cookie: `remember_token=${browser.cookies.get("remember_token")}` });
  await transcript.call(remembered, "who am I");

  await post("/login/ben", another);
  const ben = await open(another.headers);
  await transcript.call(ben, "sign out");
  await transcript.call(ben, "who am I");
  await post("/login/ben", another);
  await transcript.call(ben, "who am I");
  await post("/logout", another);
  await transcript.call(ben, "who am I");
  await during(ben, "disconnect", () => ben.emit("order", 8));
  return transcript.entries;
};

/** An application with Flask-Login, Flask-Session in Redis, and Celery. */
export function testAccounts(test: TestFn<TestBroker>, transports: readonly ("polling" | "websocket")[]): void {
  const title = "Flask-Login, Flask-Session and Celery";
  test.serial(`a client sees no edge in front of ${title}: ${transports.join(" and ")}`, async (t) => {
    const twins = await startFlaskTwins(t, t.context.url, { app: `${APP}:app` });
    await Promise.all([twins.alone, twins.edge].map(({ env }) => startCelery(t, `${APP}:celery`, env)));
    await compareTwins(t, twins, script, transports, LEAST_ENTRIES);
  });
}
