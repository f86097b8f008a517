import type { ExecutionContext } from "ava";
import type { Bus, BusStatus } from "../../src/bus/bus.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";

type StatusOf<Type extends BusStatus["type"]> = Extract<BusStatus, { readonly type: Type }>;

/** Resolves at that change of a bus, counted from now. */
export async function nextStatus<Type extends BusStatus["type"]>(
  { statuses }: { readonly statuses: Inbox<BusStatus> },
  type: Type,
  fits: (status: StatusOf<Type>) => boolean = () => true,
): Promise<StatusOf<Type>> {
  const seen = new Set(statuses.items);
  const isIt = (status: BusStatus) => !seen.has(status) && status.type === type && fits(status as StatusOf<Type>);
  return (await statuses.find(`the status ${type}`, isIt)) as StatusOf<Type>;
}

/** A bus that tells what it does; closed when the test is over. */
export interface OpenBus {
  readonly bus: Bus;
  readonly statuses: Inbox<BusStatus>;
  /** What arrives on the channel from now on, as text. */
  listen(channel: string): Promise<Inbox<string>>;
  /** Resolves at that change of the bus, counted from now. */
  next<Type extends BusStatus["type"]>(type: Type, fits?: (status: StatusOf<Type>) => boolean): Promise<StatusOf<Type>>;
  /** The messages of all errors so far. */
  errors(): readonly string[];
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
    next: (type, fits) => nextStatus({ statuses }, type, fits),
    errors: () => statuses.items.flatMap((status) => (status.type === "error" ? [status.error.message] : [])),
  };
}
