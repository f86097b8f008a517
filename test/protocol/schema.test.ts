import { readFileSync } from "node:fs";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import test from "ava";
import fc from "fast-check";
import { decode } from "../../src/protocol/decode.js";
import { encodeMsgpackOrJson } from "../../src/protocol/encoders.js";
import { decodeJson } from "../../src/protocol/json/decode.js";
import { encodeJson } from "../../src/protocol/json/encode.js";
import type { OutgoingMessage } from "../../src/protocol/model/outgoing.js";
import { decodeMsgpack, isMsgpack } from "../../src/protocol/msgpack/decode.js";
import { bytesOf, readRecordings } from "../golden/recordings.js";
import { outgoing } from "./arbitraries.js";

const MAX_SIZE = 1_000_000;
const NAME = "protocol.schema.json";
const schema = JSON.parse(readFileSync(`docs/${NAME}`, "utf8"));
// Neither is an oversight here: a room is a string or an integer, and attachments follow after the value.
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictTuples: false, strictRequired: false });
const validate = ajv.compile(schema);

/** @returns where a message violates the definition of its method; undefined if it is valid */
function faultOf(message: unknown): string | undefined {
  const { method } = message as { readonly method: string };
  const ofMethod = ajv.getSchema(`${NAME}#/$defs/${method}`);
  const isMessage = validate(message);
  if (ofMethod === undefined) {
    return isMessage ? "undefined, but valid" : "no such method";
  }
  if (ofMethod(message) !== isMessage) {
    return `as a ${method} it is ${isMessage ? "in" : ""}valid, as a message not so`;
  }
  return isMessage ? undefined : lastOf(ofMethod.errors as ErrorObject[]);
}

function lastOf(errors: readonly ErrorObject[]): string {
  const { instancePath, keyword } = errors.at(-1) as ErrorObject;
  return `${instancePath} ${keyword}`;
}

function contentOf(payload: Uint8Array): unknown {
  return isMsgpack(payload) ? decodeMsgpack(payload, payload.byteLength).value : decodeJson(payload).value;
}

/** What real Python hosts wrote, although no host should. */
const IRREGULAR = [
  "an event that is a number",
  "to a float room",
  "to a boolean room",
  "to an empty list of rooms",
] as const;

for (const { release, recordings } of readRecordings()) {
  const messages = recordings.flatMap((recording) => {
    const bytes = bytesOf(recording);
    return bytes?.[0] === "{".charCodeAt(0) ? [{ name: recording.case, value: contentOf(bytes) }] : [];
  });
  if (messages.length > 0) {
    test(`what python-socketio ${release.release} publishes fits the schema`, (t) => {
      t.true(messages.length > 100);
      const irregular = messages.filter(({ value }) => faultOf(value) !== undefined);
      t.deepEqual(
        irregular.map(({ name }) => name),
        [...IRREGULAR],
      );
    });
  }
}

const HOST = "0123456789abcdef0123456789abcdef";

const EMIT = {
  method: "emit",
  event: "e",
  data: [1],
  binary: false,
  namespace: "/",
  room: null,
  skip_sid: null,
  callback: null,
  host_id: HOST,
};

const CALLBACK = { method: "callback", host_id: HOST, sid: "r", namespace: "/", id: 1, args: [] };
const MOVE = { method: "enter_room", sid: "s", room: "r", namespace: "/", host_id: HOST };
const PLACEHOLDER = { _placeholder: true, num: 0 };
const without = (message: object, key: string) =>
  Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));

const FAULTS: readonly (readonly [string, object, fault: string])[] = [
  ["an unknown method", { ...EMIT, method: "resize" }, "no such method"],
  ["no method", without(EMIT, "method"), "no such method"],
  ["a list", [EMIT], "no such method"],
  ...Object.keys(without(without(EMIT, "method"), "binary")).map(
    (key) => [`an emit without ${key}`, without(EMIT, key), " required"] as const,
  ),
  ["an unknown key", { ...EMIT, rooms: ["r"] }, " additionalProperties"],
  ["an event that is a number", { ...EMIT, event: 5 }, "/event type"],
  ["an event of Socket.IO itself", { ...EMIT, event: "disconnect" }, "/event not"],
  ["a namespace without a slash", { ...EMIT, namespace: "chat" }, "/namespace pattern"],
  ["a room that is a fraction", { ...EMIT, room: 1.5 }, "/room anyOf"],
  ["a room that is a boolean", { ...EMIT, room: true }, "/room anyOf"],
  ["a room that is an object", { ...EMIT, room: {} }, "/room anyOf"],
  ["an empty list of rooms", { ...EMIT, room: [] }, "/room anyOf"],
  ["a nested list of rooms", { ...EMIT, room: [["r"]] }, "/room anyOf"],
  ["a skip_sid that is a number", { ...EMIT, skip_sid: 1 }, "/skip_sid anyOf"],
  ["a number in skip_sid", { ...EMIT, skip_sid: ["s", 1] }, "/skip_sid anyOf"],
  ["a callback of two items", { ...EMIT, callback: ["r", "/"] }, "/callback anyOf"],
  ["a callback of four items", { ...EMIT, callback: ["r", "/", 1, 2] }, "/callback anyOf"],
  ["a callback with the id 0", { ...EMIT, callback: ["r", "/", 0] }, "/callback anyOf"],
  ["a callback that is an object", { ...EMIT, callback: { room: "r" } }, "/callback anyOf"],
  ["a host_id with dashes", { ...EMIT, host_id: "01234567-89ab-cdef-0123-456789abcdef" }, "/host_id pattern"],
  ["a host_id that is null", { ...EMIT, host_id: null }, "/host_id type"],
  ["binary that is a string", { ...EMIT, binary: "true" }, "/binary type"],
  ["binary data that is not a list", { ...EMIT, binary: true, data: { a: 1 } }, "/data type"],
  ["a placeholder without an attachment", { ...EMIT, binary: true, data: [[PLACEHOLDER]] }, "/data minItems"],
  ["an attachment that is not base64", { ...EMIT, binary: true, data: [[PLACEHOLDER], "***"] }, "/data/1 pattern"],
  ["url-safe base64", { ...EMIT, binary: true, data: [[PLACEHOLDER], "_-8="] }, "/data/1 pattern"],
  ["base64 of a wrong length", { ...EMIT, binary: true, data: [[PLACEHOLDER], "abc"] }, "/data/1 pattern"],
  ["excepted rooms that are not a list", { ...EMIT, except: "r" }, "/except type"],
  ["an empty extension", { ...EMIT, node: {} }, "/node minProperties"],
  ["an unknown extension", { ...EMIT, node: { later: 1 } }, "/node additionalProperties"],
  ["an extension with a default value", { ...EMIT, node: { volatile: false } }, "/node/volatile const"],
  ["an acknowledgement without arguments", without(CALLBACK, "args"), " required"],
  ["an acknowledgement whose arguments are not a list", { ...CALLBACK, args: "yes" }, "/args type"],
  ["an acknowledgement without a numeric id", { ...CALLBACK, id: "1" }, "/id type"],
  ["an acknowledgement without a recipient", without(CALLBACK, "host_id"), " required"],
  ["a move without a room", without(MOVE, "room"), " required"],
  ["a move into all rooms", { ...MOVE, room: null }, "/room type"],
  ["a move into two rooms", { ...MOVE, room: ["r", "s"] }, "/room type"],
  ["a move of two clients", { ...MOVE, sid: ["s"] }, "/sid type"],
  ["a disconnect without a namespace", { method: "disconnect", sid: "s", host_id: HOST }, " required"],
  ["a close_room of null", { method: "close_room", room: null, namespace: "/" }, "/room type"],
  ["a checkpoint without a number", { method: "node_checkpoint", host_id: HOST }, " required"],
  ["a node_join without names", { ...EMIT, method: "node_join" }, " required"],
];

test("what no host should write does not fit the schema", (t) => {
  t.is(faultOf(EMIT), undefined);
  t.is(faultOf(CALLBACK), undefined);
  t.is(faultOf(MOVE), undefined);
  for (const [what, message, fault] of FAULTS) {
    t.is(faultOf(message), fault, what);
  }
});

test("the examples in docs/protocol.md fit the schema, and are read", (t) => {
  const examples = [...readFileSync("docs/protocol.md", "utf8").matchAll(/^```json\n(.*?)\n```$/gms)];
  t.is(examples.length, 3);
  for (const [, text = ""] of examples) {
    t.is(faultOf(JSON.parse(text)), undefined, text);
    t.is(decode(Buffer.from(text), MAX_SIZE).kind, "message", text);
  }
});

/** What a Node host may publish for Python hosts alone. */
const FOR_PYTHON: readonly string[] = ["emit", "enter_room", "leave_room", "close_room", "disconnect"];

test("everything that this package writes fits the schema, and is read", (t) => {
  const methods = new Set<string>();
  const encodings = new Set<boolean>();
  fc.assert(
    fc.property(outgoing, fc.boolean(), fc.constantFrom(encodeJson, encodeMsgpackOrJson), (message, apart, write) => {
      const isForPython = apart && FOR_PYTHON.includes(message.method);
      const payload = Buffer.from(write(isForPython ? ({ ...message, isForPython } as OutgoingMessage) : message));
      methods.add(message.method);
      // What MessagePack has no form for is written as JSON, so a run need not have every method in both.
      encodings.add(isMsgpack(payload));
      t.is(faultOf(contentOf(payload)), undefined);
      t.is(decode(payload, payload.byteLength).kind, isForPython ? "ignored" : "message");
    }),
    { numRuns: 1_000 },
  );
  t.is(methods.size, 10);
  t.is(encodings.size, 2);
});
