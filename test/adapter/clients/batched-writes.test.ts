import type { Socket } from "node:net";
import test from "ava";
import { connectRawPolling, connectRawWebSocket } from "../../differential/raw-client.js";
import { startMemoryHost } from "../../helpers/memory-host.js";

test("packets that queue up for a client while one is written leave in one write", async (t) => {
  const { host } = await startMemoryHost(t);
  const client = await connectRawWebSocket(t, host.url, "/");
  const [connection] = [...host.io.sockets.sockets.values()].map(({ conn }) => conn.transport);
  const stream = (connection as unknown as { readonly socket: { readonly _socket: Socket } }).socket._socket;
  const writes: number[] = [];
  const { _writev: write } = stream;
  stream._writev = (chunks, done) => {
    writes.push(chunks.length);
    write?.call(stream, chunks, done);
  };
  const numbers = Array.from({ length: 10 }, (_, number) => number);
  for (const number of numbers) {
    host.io.emit("e", number);
  }
  await client.upTo('"e",9');
  t.deepEqual(writes, [9]);
  host.io.emit("barrier");
  t.deepEqual(await client.upTo("barrier"), []);
  t.is(stream.writableCorked, 0);
});

test("clients on polling are not affected", async (t) => {
  const { host } = await startMemoryHost(t);
  const client = await connectRawPolling(t, host.url, "/");
  for (const number of [1, 2, 3]) {
    host.io.emit("e", number);
  }
  host.io.emit("barrier");
  t.is((await client.upTo("barrier")).length, 3);
});
