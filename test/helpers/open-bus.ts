import type { ExecutionContext } from "ava";
import type { Bus, BusStatus } from "../../src/bus/bus.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";

type StatusOf<Type extends BusStatus["type"]> = Extract<BusStatus, { readonly type: Type }>;

/** A bus that tells what it does; closed when the test is over. */
export interface OpenBus {
  readonly bus: Bus;
  readonly statuses: Inbox<BusStatus>;
  listen(channel: string): Promise<Inbox<string>>;
  /** Resolves at that change of the bus, counted from now. */
  next<Type extends BusStatus["type"]>(type: Type, fits?: (status: StatusOf<Type>) => boolean): Promise<StatusOf<Type>>;
}

export function openBus(t: ExecutionContext, bus: Bus): OpenBus {
  const statuses = new Inbox<BusStatus>();
  bus.onStatus((status) => statuses.add(status));
  cleanUp(t, () => bus.close());
  return {
    bus,
    statuses,
    listen: async (channel) => {
      const inbox = new Inbox<string>();
      await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
      return inbox;
    },
    next: async <Type extends BusStatus["type"]>(
      type: Type,
      fits: (status: StatusOf<Type>) => boolean = () => true,
    ) => {
      const seen = new Set(statuses.items);
      const isIt = (status: BusStatus) => !seen.has(status) && status.type === type && fits(status as StatusOf<Type>);
      return (await statuses.find(`the status ${type}`, isIt)) as StatusOf<Type>;
    },
  };
}
