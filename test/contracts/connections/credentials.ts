import { inspect } from "node:util";
import type { ExecutionContext, TestFn } from "ava";
import { openBus as openBusAt } from "../../../src/bus/open.js";
import type { Credentials } from "../../../src/bus/options.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import type { OpenBus } from "../../helpers/open-bus.js";
import { openAt } from "../outages/outage-broker.js";
import { startLonelyHost } from "./unreachable.js";

/** A user of a broker, whose password changes. */
export interface Account {
  /** Names no user and no password. */
  readonly url: string;
  readonly username: string;
  setPassword(password: string): Promise<unknown>;
  /** Ends the connections of that user, as far as the broker does not end them with the password. */
  disconnect(): Promise<unknown>;
}

export interface CredentialsBroker<Context> {
  /** As errors name it. */
  readonly title: "Redis" | "RabbitMQ" | "Kafka";
  /** Begins the titles of the tests. */
  readonly what: string;
  /** What the broker says of a wrong password. */
  readonly refusal: RegExp;
  /** One of its own for each test. */
  startAccount(t: ExecutionContext<Context>, password: string): Promise<Account>;
}

/** What every bus does with credentials that are asked for. */
export function testCredentials<Context>(test: TestFn<Context>, broker: CredentialsBroker<Context>): void {
  function open(t: ExecutionContext, { url }: Account, credentials: () => Credentials | Promise<Credentials>): OpenBus {
    return openAt(t, url, { credentials });
  }

  test.serial(
    `${broker.what}: after the password has changed, new connections log in with the new one, and nothing is lost`,
    async (t) => {
      const account = await broker.startAccount(t, "first");
      const { username } = account;
      let password = "first";
      let asked = 0;
      const { bus, listen, errors } = open(t, account, async () => {
        asked += 1;
        return { username, password };
      });
      const channel = ownChannel();
      const inbox = await listen(channel);
      await bus.publish(channel, "before");
      await inbox.find("before", (text) => text === "before");
      const before = asked;
      t.true(before >= 2, "both connections");

      password = "second";
      await account.setPassword(password);
      await account.disconnect();
      await bus.publish(channel, "after");
      await inbox.find("after", (text) => text === "after");
      t.deepEqual(inbox.items, ["before", "after"]);
      t.true(asked >= before + 2, "both connections again");
      t.notRegex(inspect(errors()), /first|second/);
    },
  );

  test.serial(`${broker.what}: what is published between two passwords waits for the one that works`, async (t) => {
    const account = await broker.startAccount(t, "first");
    const { username } = account;
    let password = "wrong";
    const { bus, errors, statuses, next } = open(t, account, () => ({ username, password }));
    const published = bus.publish(ownChannel(), "hello");
    await next("reconnecting", ({ attempt }) => attempt >= 4);
    t.is(errors().length, 1, errors().join("\n"));
    t.regex(errors()[0] ?? "", broker.refusal);
    password = "first";
    await published;
    t.false(statuses.items.some(({ type }) => type === "dropped"));
  });

  test.serial(
    `${broker.what}: credentials() that throws, rejects or gives no login is one error each, and is asked again`,
    async (t) => {
      const account = await broker.startAccount(t, "first");
      const { username } = account;
      const failures: (() => unknown)[] = [
        () => {
          throw new Error("the vault is sealed");
        },
        () => Promise.reject(new Error("the vault is sealed")),
        () => Promise.reject("nothing that is an Error"),
        () => undefined,
        () => ({ username, password: 12345 }),
      ];
      let isOpen = false;
      let asked = 0;
      const { bus, errors, next } = open(t, account, () => {
        asked += 1;
        const fail = failures[asked % failures.length] as () => Credentials;
        return isOpen ? { username, password: "first" } : fail();
      });
      const channel = ownChannel();
      const [many, ready] = [next("reconnecting", ({ attempt }) => attempt === 12), next("ready")];
      const published = bus.publish(channel, "hello");
      await many;
      const told = errors();
      t.is(told.length, 3, told.join("\n"));
      for (const reason of ["the vault is sealed", "it threw no error", "it takes a password that is a string"]) {
        t.true(
          told.some(
            (line) => line.startsWith(`${broker.title} at `) && line.includes(`credentials() failed: ${reason}`),
          ),
          `${reason}: ${told.join("\n")}`,
        );
      }
      t.notRegex(inspect(told), /12345/);
      isOpen = true;
      await ready;
      await published;
    },
  );

  test.serial(`${broker.what}: close() does not wait for credentials()`, async (t) => {
    const account = await broker.startAccount(t, "first");
    const asked = new Inbox<string>();
    const { bus, errors } = open(t, account, () => {
      asked.add("asked");
      return new Promise(() => {});
    });
    const subscribed = t.throwsAsync(
      bus.subscribe(ownChannel(), () => {}),
      { code: "BRIDGE_CLOSED" },
    );
    await asked.find("the question", () => true);
    const start = performance.now();
    await bus.close();
    t.true(performance.now() - start < 4_000);
    await subscribed;
    t.deepEqual(errors(), []);
  });

  test.serial(`${broker.what}: createAdapter takes credentials, which replace those of the URL`, async (t) => {
    const account = await broker.startAccount(t, "first");
    const { username } = account;
    const url = account.url.replace("://", "://nobody:nothing@");
    const { adapter, errors } = startLonelyHost(t, url, { credentials: () => ({ username, password: "first" }) });
    await adapter.ready();
    t.deepEqual(errors(), []);
  });

  test.serial(`${broker.what}: credentials that are no function are refused`, async (t) => {
    const { url } = await broker.startAccount(t, "first");
    t.throws(() => openBusAt(url, "c", { credentials: { username: "me", password: "secret" } as never }), {
      code: "BRIDGE_INVALID_OPTION",
      message: "credentials is a function that returns { username, password }",
    });
  });
}
