import { randomUUID } from "node:crypto";
import { type BenchBroker, BROKERS } from "../faults/brokers.js";
import type { BusName } from "../faults/names.js";
import { makeReleases } from "../shared/releases.js";
import { FleetClient } from "./client.js";
import { type Link, openLink } from "./link.js";
import { Member, type MemberSettings } from "./member.js";
import { isHost, type MemberPlan, roomsOf } from "./roster.js";

/** A broker, processes that reach it over a link each, and a client of each host. */
export interface Fleet {
  readonly broker: BenchBroker;
  readonly members: readonly Member[];
  readonly clients: readonly FleetClient[];
  /** Ends everything, however far the start has come. */
  end(): Promise<void>;
}

export interface FleetOptions {
  readonly bus: BusName;
  readonly members: readonly MemberPlan[];
  readonly heartbeatInterval: number;
  /** See `NodeOptions`: of the first Node host. */
  readonly swallow?: MemberSettings["swallow"];
}

const ADDRESS = "127.0.0.1";

async function openLinks(count: number, portBehind: (index: number) => number): Promise<readonly Link[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => openLink(() => portBehind(index))));
}

/**
 * Starts a fleet on a channel of its own. Resolves when every host is subscribed and every client connected, and in its
 * rooms.
 *
 * @param cleanUp - registers what must run however the run ends
 */
export async function startFleet(
  { bus, members: plans, heartbeatInterval, swallow }: FleetOptions,
  cleanUp: (release: () => Promise<void>) => void,
): Promise<Fleet> {
  const channel = `fleet-${randomUUID()}`;
  const releases = makeReleases(cleanUp);
  const { end } = releases;
  // No connection is made before the broker is there.
  const ports: number[] = [];
  const links = await openLinks(plans.length, (index) => ports[index] ?? 0);
  releases.push(() => Promise.all(links.map((link) => link.cut())));
  const broker = await BROKERS[bus](
    ADDRESS,
    links.map(({ port }) => `${ADDRESS}:${port}`),
  );
  releases.push(() => broker.end());
  ports.push(...broker.portsBehind);
  const members = plans.map((plan, index) => {
    const link = links[index] as Link;
    const url = broker.url.replace(`:${broker.port}`, `:${link.port}`);
    const isSwallowing = swallow !== undefined && index === 0;
    return new Member(plan, link, { url, channel, heartbeatInterval, ...(isSwallowing ? { swallow } : {}) });
  });
  releases.push(() => Promise.all(members.map((member) => member.end())));
  await Promise.all(members.map((member) => member.start()));
  const clients = members
    .filter(({ plan }) => isHost(plan))
    .map(({ name, url }, position) => new FleetClient(name, url, roomsOf(position)));
  releases.push(() => {
    for (const client of clients) {
      client.close();
    }
  });
  await Promise.all(clients.map((client) => client.completed()));
  return { broker, members, clients, end };
}
