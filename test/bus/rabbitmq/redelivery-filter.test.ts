import test from "ava";
import { RedeliveryFilter } from "../../../src/bus/rabbitmq/redelivery-filter.js";

/** A queue of RabbitMQ as one reader sees it: in order, and from the oldest that is not acknowledged after a loss. */
class Queue {
  readonly processed: string[] = [];
  readonly #reader = new RedeliveryFilter();
  #unacknowledged: string[] = [];
  /** How many of these have come over the present connection. */
  #delivered = 0;
  #acknowledging: number | undefined;
  #tag = 0;
  #base = 0;

  /** Delivers what waits, and then these. */
  deliver(...texts: readonly string[]): void {
    const again = this.#unacknowledged.slice(this.#delivered);
    for (const [index, text] of [...again, ...texts].entries()) {
      this.#tag += 1;
      if (!this.#reader.isDuplicate(Buffer.from(text), index < again.length)) {
        this.processed.push(text);
      }
    }
    this.#unacknowledged.push(...texts);
    this.#delivered = this.#unacknowledged.length;
  }

  /** Sent by the broker, these are lost with the connection. */
  losing(...texts: readonly string[]): void {
    this.#unacknowledged.push(...texts);
    this.reconnect();
  }

  /** Sends an acknowledgement of all that may be acknowledged. */
  acknowledge(): number | undefined {
    this.#acknowledging = this.#reader.nextAcknowledgement(1);
    return this.#acknowledging;
  }

  /** The broker has it. */
  arrive(): void {
    const count = (this.#acknowledging ?? this.#base) - this.#base;
    this.#unacknowledged.splice(0, count);
    this.#delivered -= count;
    this.#base += count;
  }

  /** The broker's answer is here too. */
  answer(): void {
    this.#reader.acknowledged();
  }

  /** The next messages come over a new connection. */
  reconnect(): void {
    this.#reader.restart();
    this.#delivered = 0;
    this.#tag = 0;
    this.#base = 0;
  }
}

for (const isThere of [true, false]) {
  test(`what was processed is recognised, with its acknowledgement ${isThere ? "at the broker" : "lost"}`, (t) => {
    const queue = new Queue();
    queue.deliver("1", "2", "3", "4");
    t.is(queue.acknowledge(), 3);
    if (isThere) {
      queue.arrive();
    }
    queue.reconnect();
    queue.deliver("5");
    queue.deliver("6");
    t.deepEqual(queue.processed, ["1", "2", "3", "4", "5", "6"]);
  });

  test(`a loss in the middle of a redelivery, with the acknowledgement ${isThere ? "at the broker" : "lost"}`, (t) => {
    const queue = new Queue();
    queue.deliver("1", "2", "3", "4");
    queue.acknowledge();
    if (isThere) {
      queue.arrive();
    }
    for (let times = 0; times < 3; times += 1) {
      queue.reconnect();
      queue.deliver();
    }
    queue.acknowledge();
    queue.reconnect();
    queue.deliver("5");
    t.deepEqual(queue.processed, ["1", "2", "3", "4", "5"]);
  });
}

test("the last message is never acknowledged, and only one acknowledgement is on its way", (t) => {
  const queue = new Queue();
  queue.deliver("1");
  t.is(queue.acknowledge(), undefined);
  queue.deliver("2", "3");
  t.is(queue.acknowledge(), 2);
  queue.deliver("4");
  const reader = new RedeliveryFilter();
  for (const text of ["1", "2", "3"]) {
    t.false(reader.isDuplicate(Buffer.from(text), false));
  }
  t.is(reader.nextAcknowledgement(4), undefined);
  t.is(reader.nextAcknowledgement(3), 2);
  t.false(reader.isDuplicate(Buffer.from("4"), false));
  t.is(reader.nextAcknowledgement(1), undefined);
  reader.acknowledged();
  t.is(reader.nextAcknowledgement(1), 3);
});

test("among equal messages, one too many is better than one too few", (t) => {
  const arrived = new Queue();
  arrived.deliver("x", "x", "x");
  arrived.acknowledge();
  arrived.arrive();
  arrived.reconnect();
  arrived.deliver("x", "y");
  t.deepEqual(arrived.processed, ["x", "x", "x", "x", "y"]);

  const lost = new Queue();
  lost.deliver("x", "x", "x");
  lost.acknowledge();
  lost.reconnect();
  lost.deliver("y");
  t.true(lost.processed.filter((text) => text === "x").length >= 3);
  t.is(lost.processed.at(-1), "y");
});

test("what was never delivered is new, even if it is marked as redelivered", (t) => {
  const reader = new RedeliveryFilter();
  reader.isDuplicate(Buffer.from("1"), false);
  reader.isDuplicate(Buffer.from("2"), false);
  reader.restart();
  // The queue was deleted meanwhile, and declared again.
  t.false(reader.isDuplicate(Buffer.from("1"), false));
  reader.restart();
  t.false(reader.isDuplicate(Buffer.from("another"), true));
  t.false(reader.isDuplicate(Buffer.from("2"), true));
});

test("any sequence of losses: nothing is lost or duplicated, and the order is kept", (t) => {
  for (let seed = 1; seed <= 300; seed += 1) {
    let state = seed;
    const random = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const queue = new Queue();
    let sent = 0;
    for (let step = 0; step < 60; step += 1) {
      queue.deliver(...Array.from({ length: random(4) }, () => String(sent++)));
      const isAsked = random(2) === 0 && queue.acknowledge() !== undefined;
      if (isAsked && random(3) > 0) {
        queue.arrive();
        if (random(2) === 0) {
          queue.answer();
        } else {
          queue.losing(...Array.from({ length: random(3) }, () => String(sent++)));
        }
      } else if (isAsked || random(5) === 0) {
        queue.reconnect();
      }
    }
    queue.deliver();
    t.deepEqual(
      queue.processed,
      Array.from({ length: sent }, (_, number) => String(number)),
      `seed ${seed}`,
    );
  }
});
