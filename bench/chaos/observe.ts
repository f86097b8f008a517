import type { BusName } from "../faults/names.js";
import type { Fleet } from "../fleet/fleet.js";
import type { Emitted, Evidence } from "./evidence.js";
import type { Performance } from "./perform.js";

/** What a fleet has recorded. Windows that are still open end here. */
export function evidenceOf(
  bus: BusName,
  { members, clients }: Pick<Fleet, "members" | "clients">,
  { addressed, restarts }: Pick<Performance, "addressed" | "restarts">,
): Evidence {
  for (const client of clients) {
    client.finish();
  }
  return {
    bus,
    restarts,
    senders: members.map(({ plan, emitted, settled, statuses, deaths, link }) => ({
      ...{ plan, settled, statuses, deaths, closings: link.closings },
      emitted: emitted.map((run): Emitted => {
        const { receivers, sid } = addressed.get(run.id ?? -1) ?? { receivers: clients, sid: undefined };
        // What goes to a sid is for one client.
        const sidLostAt = sid === undefined ? undefined : receivers[0]?.lostSids.get(sid);
        // A client that has another sid by now is not meant any more.
        const isMeant = sidLostAt === undefined || sidLostAt > run.at;
        return { ...run, receivers: isMeant ? receivers.map(({ name }) => name) : [], sidLostAt };
      }),
    })),
    receivers: clients.map(({ name, arrivals, windows, damaged }) => {
      const host = members.find((member) => member.name === name) as Fleet["members"][number];
      return { plan: host.plan, arrivals, windows, damaged, deaths: host.deaths };
    }),
  };
}
