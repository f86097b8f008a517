import test from "ava";
import fc from "fast-check";
import { BackendFailure } from "../../src/edge/backend-failure.js";
import { BatchReader, type BatchReply } from "../../src/edge/batch.js";
import { frame } from "../helpers/fake-backend.js";

const LIMIT = 1_000;

const reader = () => new BatchReader("127.0.0.1:8000", LIMIT);

const replies = fc.array(
  fc.record({
    number: fc.integer({ min: 0, max: 999_999 }),
    status: fc.integer({ min: 100, max: 599 }),
    bytes: fc.uint8Array({ maxLength: LIMIT }).map((bytes) => Buffer.from(bytes)),
  }),
);

test("replies are read whatever the pieces in which they come", (t) => {
  fc.assert(
    fc.property(replies, fc.infiniteStream(fc.integer({ min: 1, max: 700 })), (sent, sizes) => {
      const stream = Buffer.concat(sent.map(({ number, status, bytes }) => frame(number, bytes, status)));
      const batch = reader();
      const read: BatchReply[] = [];
      for (let at = 0; at < stream.byteLength; ) {
        const { value: size } = sizes.next();
        read.push(...batch.push(stream.subarray(at, at + size)));
        at += size;
      }
      t.deepEqual(read, sent);
    }),
  );
});

for (const [what, text] of [
  ["text", "<html>502 Bad Gateway</html>"],
  ["a line without its end", "1".repeat(24)],
  ["a number that is none", "-1 200 2\n{}"],
  ["a length beyond the limit", `0 200 ${LIMIT + 1}\n`],
  ["a length beyond all bounds", `0 200 ${"9".repeat(400)}\n`],
  ["an empty line", "\n"],
] as const) {
  test(`a response that is no batch is refused when its beginning is there: ${what}`, (t) => {
    t.throws(() => [...reader().push(Buffer.from(text))], { instanceOf: BackendFailure });
  });
}

test("a random response never has a reply longer than the limit, and fails with nothing but an error of its own", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array(), fc.constantFrom("0 200 5\n", "1 ", "\n", "12345").map(Buffer.from))),
      (chunks) => {
        const batch = reader();
        try {
          for (const chunk of chunks) {
            t.true([...batch.push(Buffer.from(chunk))].every(({ bytes }) => bytes.byteLength <= LIMIT));
          }
        } catch (error) {
          t.true(error instanceof BackendFailure);
        }
      },
    ),
  );
});
