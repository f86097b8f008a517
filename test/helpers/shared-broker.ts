import anyTest, { type TestFn } from "ava";

/** A broker that lives until it is killed. */
export interface TestBroker {
  /** For Node hosts and for Python peers alike. */
  readonly url: string;
  kill(): Promise<void>;
}

/** AVA's `test`, with one broker for all tests of the file, each of which has a channel of its own. */
export function testWithBroker<Broker extends Pick<TestBroker, "kill">>(launch: () => Promise<Broker>): TestFn<Broker> {
  const test = anyTest as TestFn<Broker>;
  let broker: Broker | undefined;
  test.before(async (t) => {
    broker = await launch();
    t.context = broker;
  });
  test.after.always(() => broker?.kill());
  return test;
}
