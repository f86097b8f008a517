import test from "ava";
import { createEmitter, memoryBus } from "../../src/emitter/index.js";
import { cleanUp } from "../../src/testing/scope.js";

/** As in `Server<ClientToServerEvents, ServerToClientEvents>`. */
interface ServerToClientEvents {
  progress: (job: string, percent: number) => void;
  done: () => void;
  confirm: (text: string, acknowledge: (accepted: boolean) => void) => void;
  /** The spelling for `timeout()` in socket.io: the error is its own, and no client sends it. */
  "confirm with error": (text: string, acknowledge: (error: Error, accepted: boolean) => void) => void;
  "confirm with error or null": (acknowledge: (error: Error | null, accepted: boolean) => void) => void;
  optional: (text: string, acknowledge?: (count: number) => void) => void;
  empty: (acknowledge: () => void) => void;
}

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** Compiles only for what has exactly this type. */
function expectType<Expected>() {
  return <Actual>(_: () => Actual, __: Equal<Actual, Expected>) => {};
}

test("emit() takes the events that need no acknowledgement, with their arguments", async (t) => {
  const emitter = createEmitter<ServerToClientEvents>(memoryBus(t.title));
  cleanUp(t, () => emitter.close());
  await emitter.to("r").volatile.emit("progress", "job 7", 42);
  await emitter.of("/chat").emit("done");
  await emitter.emit("optional", "text");
  // @ts-expect-error there is no such event
  await emitter.emit("unknown");
  // @ts-expect-error an argument is missing
  await emitter.emit("progress", "job 7");
  // @ts-expect-error an argument of the wrong type
  await emitter.to("r").emit("progress", "job 7", "42");
  // @ts-expect-error its listener calls an acknowledgement, which only emitWithAck() gives it
  await emitter.emit("confirm", "text");
  t.pass();
});

test("emitWithAck() takes the events with an acknowledgement, and has the type of its response", (t) => {
  const emitter = createEmitter<ServerToClientEvents>(memoryBus(t.title));
  cleanUp(t, () => emitter.close());
  const target = emitter.to("r").timeout(100).except("sid").volatile;
  expectType<Promise<boolean[]>>()(() => target.emitWithAck("confirm", "text"), true);
  expectType<Promise<boolean[]>>()(() => target.emitWithAck("confirm with error", "text"), true);
  expectType<Promise<boolean[]>>()(() => target.emitWithAck("confirm with error or null"), true);
  expectType<Promise<number[]>>()(() => target.emitWithAck("optional", "text"), true);
  expectType<Promise<undefined[]>>()(() => target.emitWithAck("empty"), true);
  // @ts-expect-error its listener has no acknowledgement
  expectType<Promise<unknown[]>>()(() => target.emitWithAck("done"), true);
  // @ts-expect-error the acknowledgement is not an argument of the call
  expectType<Promise<boolean[]>>()(() => target.emitWithAck("confirm", "text", () => {}), true);
  // @ts-expect-error acknowledgements need a timeout
  expectType<Promise<boolean[]>>()(() => emitter.to("r").emitWithAck("confirm", "text"), true);
  t.pass();
});

test("without a type for events anything goes, and responses are unknown", async (t) => {
  const emitter = createEmitter(memoryBus(t.title));
  cleanUp(t, () => emitter.close());
  await emitter.emit("anything", 1, "two", { three: [3] });
  expectType<Promise<unknown[]>>()(() => emitter.timeout(100).emitWithAck("anything", 1), true);
  // biome-ignore lint/suspicious/noExplicitAny: DefaultEventsMap of socket.io
  const loose = createEmitter<{ [event: string]: (...args: any[]) => void }>(memoryBus(t.title));
  cleanUp(t, () => loose.close());
  await loose.emit("anything", 1);
  expectType<Promise<unknown[]>>()(() => loose.timeout(100).emitWithAck("anything", 1), true);
  t.pass();
});
