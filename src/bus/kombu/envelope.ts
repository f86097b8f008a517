import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import { parseBounded, readKombuBody } from "./body.js";

/**
 * Largest envelope that is read, and largest body in it, in bytes: room for what `maxMessageSize` allows, 48 MiB, which are
 * 64 MiB in base64, and for the rest of the envelope.
 */
const MAX_SIZE = 65 * 1024 * 1024;

/**
 * One message as the virtual transports of Kombu publish it on a fanout key (`Channel.prepare_message` and
 * `_inplace_augment_message` in kombu/transport/virtual/base.py), the same from 4.6 to 5.7. Kombu's consumers need all of
 * `properties`: they store the message under its tag until it is acknowledged, together with its exchange and key.
 */
export function packEnvelope(exchange: string, body: Buffer): Buffer {
  const [contentType, contentEncoding] = isUtf8(body) ? ["text/plain", "utf-8"] : ["application/data", "binary"];
  const envelope = {
    body: body.toString("base64"),
    "content-encoding": contentEncoding,
    "content-type": contentType,
    headers: {},
    properties: {
      delivery_mode: 2,
      delivery_info: { exchange, routing_key: "" },
      priority: 0,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  };
  return Buffer.from(JSON.stringify(envelope));
}

/**
 * The body of an envelope. Untrusted input. Never throws: for what is not an envelope it returns a JSON string that says
 * why, which whoever decodes the message rejects, counts and reports, because it is not an object.
 */
export function unpackEnvelope(message: Uint8Array): Uint8Array {
  try {
    return readEnvelope(message);
  } catch (error) {
    return Buffer.from(JSON.stringify(`not a Kombu message: ${(error as Error).message}`));
  }
}

function readEnvelope(message: Uint8Array): Uint8Array {
  if (message.byteLength > MAX_SIZE) {
    throw new Error(`it has ${message.byteLength} bytes, more than ${MAX_SIZE}`);
  }
  const envelope = asRecord("the envelope", parseBounded(message));
  const properties = asRecord("properties", envelope.properties);
  const { compression } = asRecord("headers", envelope.headers ?? {});
  const body = readBody(envelope.body ?? "", properties.body_encoding);
  return readKombuBody(body, { contentType: envelope["content-type"], compression }, MAX_SIZE);
}

/** Text, in base64 unless the transport option `body_encoding` says otherwise; bytes are then marked as such. */
function readBody(body: unknown, encoding: unknown): Buffer {
  if (typeof body === "string") {
    return Buffer.from(body, toNodeEncoding(encoding));
  }
  // Kombu's own JSON, kombu/utils/json.py.
  const { __type__: type, __value__: value } = asRecord("body", body);
  if (typeof value !== "string" || (type !== "bytes" && type !== "base64")) {
    throw new Error("body is neither text nor bytes");
  }
  return Buffer.from(value, type === "bytes" ? "utf8" : "base64");
}

function toNodeEncoding(encoding: unknown): "utf8" | "base64" {
  if (encoding === "base64") {
    return "base64";
  }
  if (encoding === undefined || encoding === null || encoding === "" || String(encoding).toLowerCase() === "utf-8") {
    return "utf8";
  }
  throw new Error(`body_encoding is ${JSON.stringify(encoding)}`);
}

function asRecord(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${name} is not an object`);
  }
  return value as Record<string, unknown>;
}
