import test from "ava";
import { EVENT } from "../../../src/adapter/clients/event-packet.js";
import { normalizeTarget } from "../../../src/adapter/clients/target.js";
import { EmitRecorder } from "../../../src/adapter/recovery/emit-recorder.js";
import { History } from "../../../src/adapter/recovery/history.js";
import { decode } from "../../../src/protocol/decode.js";
import { decodePayload } from "../../../src/protocol/decode-payload.js";

const HOST = "0123456789ab4def0123456789abcdef";

test("an emit to a client alone is kept, also where only JSON has a form for it", (t) => {
  const history = new History({ hostId: HOST, maxMessages: 10, maxBytes: 10_000, maxAge: 1_000 });
  const recorder = new EmitRecorder(history, "/", HOST, 10_000);
  const target = normalizeTarget({ rooms: new Set(["sid"]) });
  const data = ["e", "half a pair: \ud800"];
  const { data: sent } = recorder.recordLocal({ type: EVENT, data }, target);
  t.is(sent.length, 3, "with its offset");
  const [missed] = history.after(0, { namespace: "/", sid: "sid", rooms: [] });
  const decoded = decode(Buffer.from(missed?.payload ?? ""), 10_000);
  if (decoded.kind !== "message" || decoded.message.method !== "emit") {
    return t.fail(JSON.stringify(decoded));
  }
  t.deepEqual(decodePayload(decoded.message.payload), { args: data.slice(1) });
});
