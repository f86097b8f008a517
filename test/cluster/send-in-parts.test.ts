import test from "ava";
import { sendInParts } from "../../src/cluster/send-in-parts.js";
import { SendWindow } from "../../src/cluster/send-window.js";

const MIB = 1024 * 1024;

/** A broker that confirms when it is told to. */
function makeBroker() {
  const confirms: (() => void)[] = [];
  const refusals: ((error: Error) => void)[] = [];
  const parts: { readonly items: readonly unknown[]; readonly isLast: boolean }[] = [];
  const send = (items: readonly unknown[], isLast: boolean) => {
    parts.push({ items, isLast });
    return new Promise<void>((resolve, reject) => {
      confirms.push(resolve);
      refusals.push(reject);
    });
  };
  return { parts, confirms, refusals, send };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const item = (kib: number) => "x".repeat(kib * 1024);

const start = (
  items: readonly unknown[],
  { send }: Pick<ReturnType<typeof makeBroker>, "send">,
  window: SendWindow,
): Promise<void> =>
  sendInParts(items, { copy: (value, copier) => copier.copy(value), send, window, maxMessageSize: 16 * MIB });

test("no more than a window goes out until the broker confirms some of it, and each confirm lets more out", async (t) => {
  const broker = makeBroker();
  const items = Array.from({ length: 200 }, () => item(100));
  const sent = start(items, broker, new SendWindow());
  t.true(broker.parts.length >= 4 && broker.parts.length <= 6, `${broker.parts.length} parts at once`);
  for (let confirmed = 0; !broker.parts.at(-1)?.isLast; confirmed += 1) {
    broker.confirms[confirmed]?.();
    await turn();
    t.true(broker.parts.length - confirmed <= 7, `${broker.parts.length - confirmed} parts on their way`);
  }
  await sent;
  t.is(broker.parts.flatMap(({ items }) => items).length, items.length);
  t.is(broker.parts.filter(({ isLast }) => isLast).length, 1);
});

test("many replies share the window of their host, and all are sent", async (t) => {
  const broker = makeBroker();
  const window = new SendWindow();
  const all = Array.from({ length: 100 }, () => start([item(200), item(200)], broker, window));
  for (let confirmed = 0; confirmed < 200; confirmed += 1) {
    await turn();
    // A part that makes the window full, and what was on its way before.
    t.true(broker.parts.length - confirmed <= 6, `${broker.parts.length - confirmed} parts on their way`);
    broker.confirms[confirmed]?.();
  }
  await Promise.all(all);
  t.is(broker.parts.filter(({ isLast }) => isLast).length, 100);
  t.false(window.isFull);
});

test("an item that cannot be sent costs no other, and rejects at the end", async (t) => {
  const { parts, send } = makeBroker();
  const picky = (items: readonly unknown[], isLast: boolean) => {
    if (items.some((value) => String(value).length > 900 * 1024)) {
      throw new RangeError("too large");
    }
    return send(items, isLast);
  };
  const items = ["first", item(1_000), "second", Symbol("left out"), item(1_001), "last"];
  await t.throwsAsync(start(items, { send: picky }, new SendWindow()), { message: "too large" });
  t.deepEqual(
    parts.flatMap(({ items }) => items).filter((value) => typeof value === "string"),
    ["first", "second", "last"],
  );
  t.false(parts.some(({ isLast }) => isLast));
});

test("where the broker drops a part, the rest is not sent", async (t) => {
  const broker = makeBroker();
  const sent = start(
    Array.from({ length: 100 }, () => item(200)),
    broker,
    new SendWindow(),
  );
  const { length } = broker.parts;
  for (const refuse of broker.refusals) {
    refuse(new Error("dropped"));
  }
  await t.throwsAsync(sent, { message: "dropped" });
  t.true(broker.parts.length <= length + 1);
});

test("the number of replies that wait for room is limited", async (t) => {
  const window = new SendWindow();
  window.add(2 * MIB, new Promise(() => {}));
  for (let count = 0; count < 1_000; count += 1) {
    void window.room();
  }
  await t.throwsAsync(window.room(), { code: "BRIDGE_BUSY" });
});
