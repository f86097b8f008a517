import type { Cluster } from "../../cluster/cluster.js";
import { checkServerSideEvent } from "../../protocol/side-channel/messages.js";
import { callApplication } from "../../util/listeners.js";

type Acknowledge = (error: Error | null, responses: readonly unknown[]) => void;

/**
 * `Adapter.serverSideEmit`: an event for the same namespace on all other Node hosts.
 *
 * @param packet - the event, its arguments and, at the end, perhaps a function that gets the acknowledgements
 * @param requestsTimeout - milliseconds for which these are waited for
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for the event; for its arguments, where no acknowledgements are requested
 */
export function serverSideEmit(
  namespace: string,
  packet: readonly unknown[],
  cluster: Cluster,
  requestsTimeout: number,
): void {
  checkServerSideEvent(packet[0]);
  const { args, acknowledge } = splitAcknowledge(packet);
  const request = { type: "server_side_emit", namespace, args } as const;
  if (acknowledge === undefined) {
    // The bus reports what it drops.
    cluster.sideChannel.publish({ ...request, from: cluster.hostId, id: 0, isAcknowledged: false }).catch(() => {});
    return;
  }
  cluster.request({ ...request, isAcknowledged: true }, requestsTimeout).then(
    (items) => callApplication(() => acknowledge(null, firstArguments(items)), cluster.onThrown),
    (error) => callApplication(() => acknowledge(error, firstArguments(error.responses ?? [])), cluster.onThrown),
  );
}

function splitAcknowledge(packet: readonly unknown[]): {
  readonly args: readonly unknown[];
  readonly acknowledge: Acknowledge | undefined;
} {
  const last = packet.at(-1);
  return typeof last === "function"
    ? { args: packet.slice(0, -1), acknowledge: last as Acknowledge }
    : { args: packet, acknowledge: undefined };
}

/** Each item is the list of arguments that a host acknowledged with; socket.io expects one. */
function firstArguments(items: readonly unknown[]): readonly unknown[] {
  return items.map((item) => (Array.isArray(item) ? item[0] : undefined));
}
