import test from "ava";
import { Listeners } from "../../src/util/listeners.js";

test("a listener that is registered twice is called twice, and each unsubscribe removes its own registration", (t) => {
  const listeners = new Listeners<number>();
  const received: number[] = [];
  const listener = (value: number) => received.push(value);
  const [first, second] = [listeners.add(listener), listeners.add(listener)];
  listeners.notify(1);
  t.deepEqual(received, [1, 1]);
  first();
  first();
  listeners.notify(2);
  t.deepEqual(received, [1, 1, 2]);
  second();
  listeners.notify(3);
  t.deepEqual(received, [1, 1, 2]);
  t.is(listeners.size, 0);
});

test("listeners come and go while others are called", (t) => {
  const listeners = new Listeners<number>();
  const received: string[] = [];
  let remove = () => {};
  listeners.add((value) => {
    received.push(`first ${value}`);
    remove();
    listeners.add((late) => received.push(`late ${late}`));
  });
  remove = listeners.add((value) => received.push(`removed ${value}`));
  listeners.add((value) => received.push(`last ${value}`));
  listeners.notify(1);
  t.deepEqual(received, ["first 1", "last 1"]);
});
