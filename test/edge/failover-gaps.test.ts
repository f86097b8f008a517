import { EventEmitter } from "node:events";
import test, { type ExecutionContext } from "ava";
import type { Socket } from "socket.io";
import type { PeerGroupListener } from "../../src/adapter/reporting/handle.js";
import type { Client } from "../../src/edge/client.js";
import { Failover } from "../../src/edge/failover/failover.js";
import { type FailoverMessage, readMessage } from "../../src/edge/failover/messages.js";
import { Seal } from "../../src/edge/failover/seal.js";
import { EdgeReporter } from "../../src/edge/reporter.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";

/** What edges do about what never arrives, on a channel that loses what a test tells it to. */

const SECRET = "a secret of the tests";
const seal = new Seal(SECRET);

interface Member {
  readonly members: Set<string>;
  readonly listener: PeerGroupListener;
}

type IsLost = (from: string, to: string, message: FailoverMessage) => boolean;

/** Ids of hosts are one digit here; each has those that come after it for its successors. */
function startChannel(t: ExecutionContext) {
  const joined = new Map<string, Member>();
  /** Sids whose `disconnect` handler has run, and where. */
  const ended = new Inbox<{ readonly at: string; readonly sid: string }>();
  let isLost: IsLost = () => false;
  const leave = (hostId: string, hasSaidGoodbye: boolean) => {
    joined.delete(hostId);
    for (const { members, listener } of joined.values()) {
      members.delete(hostId);
      listener.onLeft(hostId, hasSaidGoodbye);
    }
  };
  const send = (from: string, to: readonly string[], payload: Uint8Array) => {
    const message = readMessage(seal.open(payload, [from, ...to].join(" ")) ?? "") as FailoverMessage;
    for (const [hostId, { listener }] of joined) {
      if (hostId !== from && joined.has(from) && !isLost(from, hostId, message)) {
        setImmediate(() => listener.onMessage(from, to, payload));
      }
    }
  };
  const start = (hostId: string) => {
    const joinGroup = (_name: string, listener: PeerGroupListener) => {
      const members = new Set(joined.keys());
      for (const other of joined.values()) {
        other.members.add(hostId);
      }
      const others = [...joined.values()];
      joined.set(hostId, { members, listener });
      queueMicrotask(() => {
        for (const other of others) {
          other.listener.onJoined(hostId);
        }
      });
      return {
        members,
        send: async (to: readonly string[], payload: Uint8Array) => send(hostId, to, payload),
        leave: () => leave(hostId, true),
      };
    };
    const failover = new Failover({
      adapter: { hostId, joinGroup },
      secret: SECRET,
      reporter: new EdgeReporter({ info: () => {}, warn: () => {} }),
      disconnect: async ({ sid, sessions }) => {
        ended.add({ at: hostId, sid });
        return sessions;
      },
      onReturned: () => {},
    });
    cleanUp(t, () => failover.close());
    return {
      enter: (sid: string, header = "") => {
        const conn = Object.assign(new EventEmitter(), { transport: { name: "websocket" } });
        const socket = { id: sid, nsp: { name: "/" }, conn } as unknown as Socket;
        failover.entered({ id: sid, sessions: {}, request: () => ({ header }) } as unknown as Client, socket);
      },
      close: () => failover.close(),
    };
  };
  return {
    start,
    ended,
    die: (hostId: string) => leave(hostId, false),
    lose: (which: IsLost) => {
      isLost = which;
    },
  };
}

const tells = (message: FailoverMessage) => message.kind === "clients" && message.changed.length > 0;

/** Resolves when the channel has carried such a message. */
const carried = (channel: ReturnType<typeof startChannel>, which: IsLost, alsoLose: IsLost = () => false) =>
  new Promise<void>((resolve) =>
    channel.lose((from, to, message) => {
      if (which(from, to, message)) {
        setImmediate(() => setImmediate(resolve));
      }
      return alsoLose(from, to, message);
    }),
  );

test("a question that is lost is asked again", async (t) => {
  const channel = startChannel(t);
  const [dying] = [channel.start("1"), channel.start("2")];
  let told = 0;
  let asked = 0;
  channel.lose((_from, _to, message) => {
    told += tells(message) ? 1 : 0;
    asked += message.kind === "resync" ? 1 : 0;
    return (tells(message) && told === 1) || (message.kind === "resync" && asked === 1);
  });
  dying?.enter("first");
  const lost = carried(
    channel,
    (_from, _to, message) => tells(message),
    () => true,
  );
  await lost;
  const unanswered = carried(
    channel,
    (_from, _to, message) => message.kind === "resync",
    (_from, _to, message) => message.kind === "resync",
  );
  dying?.enter("second");
  await unanswered;
  await carried(channel, (_from, _to, message) => tells(message));
  channel.die("1");
  await channel.ended.find("both", (_, index) => index === 1);
  t.deepEqual(channel.ended.items.map(({ sid }) => sid).sort(), ["first", "second"]);
});

test("a successor that has heard a part of the clients leaves the others to the next", async (t) => {
  const channel = startChannel(t);
  const [dying] = [channel.start("1"), channel.start("3")];
  const sids = Array.from({ length: 40 }, (_, number) => `sid ${number}`).sort();
  const all = carried(channel, (_from, _to, message) => tells(message) && !(message as { hasMore?: boolean }).hasMore);
  for (const sid of sids) {
    dying?.enter(sid, "h".repeat(4_000));
  }
  await all;
  let parts = 0;
  const part = carried(
    channel,
    (from, to, message) => from === "1" && to === "2" && tells(message),
    (from, to, message) => {
      parts += from === "1" && to === "2" && tells(message) ? 1 : 0;
      return from === "1" && to === "2" && parts > 1;
    },
  );
  channel.start("2");
  await part;
  channel.die("1");
  await channel.ended.find("all", (_, index) => index === sids.length - 1);
  t.deepEqual(channel.ended.items.map(({ sid }) => sid).sort(), sids);
  t.deepEqual([...new Set(channel.ended.items.map(({ at }) => at))].sort(), ["2", "3"]);
});

test("a successor that has only forgotten a host does not say that all is done", async (t) => {
  const channel = startChannel(t);
  const [dying] = [channel.start("1"), channel.start("4"), channel.start("5")];
  const told = carried(channel, (_from, to, message) => to === "5" && tells(message));
  dying?.enter("sid");
  await told;
  const forgotten = carried(channel, (_from, to, message) => to === "4" && tells(message));
  const between = [channel.start("2"), channel.start("3")];
  await forgotten;
  // It is the first again, and does not hear of it.
  const again = carried(
    channel,
    (from, to, message) => from === "1" && to === "5" && tells(message),
    (from, to) => from === "1" && to === "4",
  );
  for (const one of between) {
    one.close();
  }
  await again;
  channel.die("1");
  t.like(await channel.ended.find("the end", () => true), { sid: "sid" });
});
