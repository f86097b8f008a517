import test from "ava";
import { DeliveryTracker } from "../../../bench/speed/delivery-tracker.js";
import { NUMBER_FIELD, payloadOf, TIME_FIELD } from "../../../bench/speed/payload.js";
import { selfTimes } from "../../../bench/speed/profile.js";
import { stamp } from "../../../bench/speed/publisher.js";
import { commandReader, encodeCommand } from "../../../bench/speed/tap.js";
import { clientFrame, FrameReader } from "../../../bench/speed/websocket-frames.js";

function track(numbers: readonly number[]): DeliveryTracker {
  const tracker = new DeliveryTracker();
  for (const number of numbers) {
    tracker.add(number);
  }
  return tracker;
}

test("a client knows what is lost, doubled and out of order", (t) => {
  const tracker = track([1, 2, 5, 3, 3, 6, 6]);
  t.like(tracker, { received: 5, doubled: 2, outOfOrder: 1 });
  t.is(tracker.lost(6), 1);
  t.is(tracker.lost(8), 3);
  t.is(track([1, 2, 3]).lost(3), 0);
});

test("missing numbers beyond the limit still count as lost", (t) => {
  t.is(track([1, 50_000]).lost(50_000), 49_998);
});

for (const bytes of [100, 1_024, 16_384, 65_536]) {
  test(`a payload of ${bytes} bytes has that size, and its fields once`, (t) => {
    const text = JSON.stringify(payloadOf(bytes));
    t.is(Buffer.byteLength(text), bytes);
    t.is(text.split(NUMBER_FIELD).length, 2);
    t.is(text.split(TIME_FIELD).length, 2);
  });
}

const command = (...args: readonly string[]): string => encodeCommand(args.map((arg) => Buffer.from(arg))).toString();

test("commands to Redis are separated, and an incomplete one is left", (t) => {
  const first = command("PUBLISH", "channel", "zwölf\r\n*1\r\n");
  t.is(first, "*3\r\n$7\r\nPUBLISH\r\n$7\r\nchannel\r\n$12\r\nzwölf\r\n*1\r\n\r\n");
  const all = Buffer.from(first + command("PING") + command("PUBLISH", "a", "b").slice(0, -3));
  const commands = commandReader()(all);
  t.deepEqual(
    commands.map((args) => args.map(String)),
    [["PUBLISH", "channel", "zwölf\r\n*1\r\n"], ["PING"]],
  );
  t.is(encodeCommand(commands[0] ?? []).toString(), first);
});

test("a copy of a recorded command has a number and a time of its own, and nothing else has changed", (t) => {
  const bytes = Buffer.from(command("PUBLISH", "channel", JSON.stringify(payloadOf(200))));
  const template = { bytes, numberAt: bytes.indexOf(NUMBER_FIELD), timeAt: bytes.indexOf(TIME_FIELD) };
  const copy = Buffer.alloc(bytes.length + 1);
  stamp(template, copy, 1, 42, 123.4567);
  const text = copy.subarray(1).toString();
  t.is(text, bytes.toString().replace(NUMBER_FIELD, "0000000042").replace(TIME_FIELD, "000000000000123457"));
  t.is(bytes.indexOf(NUMBER_FIELD), template.numberAt);
});

/** As a server writes it. */
function serverFrame(payload: string): Buffer {
  const body = Buffer.from(payload);
  const head =
    body.length < 126
      ? Buffer.from([0x81, body.length])
      : body.length < 65_536
        ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
        : Buffer.from([0x81, 127, 0, 0, 0, 0, 0, body.length >> 16, (body.length >> 8) & 255, body.length & 255]);
  return Buffer.concat([head, body]);
}

for (const size of [1, 2, 3, 7, 127, 1_000, 100_000, 1_000_000]) {
  test(`frames are read in pieces of ${size} bytes`, (t) => {
    const payloads = ["", "short", "m".repeat(125), "n".repeat(126), `head${"o".repeat(70_000)}`, "last"];
    const stream = Buffer.concat(payloads.map(serverFrame));
    const seen: [string, number][] = [];
    const reader = new FrameReader((bytes, at, length) => {
      seen.push([bytes.toString("latin1", at, at + Math.min(4, length)), length]);
    });
    const shared = Buffer.alloc(size);
    for (let at = 0; at < stream.length; at += size) {
      const copied = stream.copy(shared, 0, at, at + size);
      reader.read(shared, copied);
    }
    t.deepEqual(
      seen,
      payloads.map((payload) => [payload.slice(0, 4), payload.length]),
    );
  });
}

test("frames of a client are marked as masked, and have the shortest form of their length", (t) => {
  t.deepEqual([...clientFrame("3")], [0x81, 0x81, 0, 0, 0, 0, 51]);
  const long = clientFrame("x".repeat(200));
  t.deepEqual([...long.subarray(0, 4)], [0x81, 0xfe, 0, 200]);
  t.is(long.length, 8 + 200);
  t.deepEqual([...clientFrame("x".repeat(70_000)).subarray(0, 10)], [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
});

test("a profile gives the self time of each function, summed over all its callers", (t) => {
  const frame = (functionName: string, url = "file:///a/node_modules/ws/lib/sender.js") => ({
    functionName,
    url,
    lineNumber: 9,
  });
  const times = selfTimes({
    nodes: [
      { id: 1, callFrame: frame("(idle)", "") },
      { id: 2, callFrame: frame("send") },
      { id: 3, callFrame: frame("send") },
      { id: 4, callFrame: frame("", "node:net") },
    ],
    samples: [1, 2, 3, 4, 2],
    timeDeltas: [0, 5_000, 1_000, 2_000, 1_000],
  });
  t.deepEqual(times, [
    { name: "send", place: "ws/lib/sender.js:10", time: 3, share: 0.75 },
    { name: "(anonymous)", place: "node:net:10", time: 1, share: 0.25 },
  ]);
});
