import type { PeerMessageHandlers } from "../../cluster/peer-message-receiver.js";
import type { InboundDependencies } from "./dependencies.js";
import { serveRequest } from "./serve-request.js";

/** What this host does for other Node hosts: the inbound half of the side channel, after `PeerMessageReceiver`. */
export function peerMessageHandlers({
  namespaces,
  reporter,
}: Pick<InboundDependencies, "namespaces" | "reporter">): PeerMessageHandlers {
  return {
    onRequest: (message, reply) => serveRequest(namespaces.get(message.namespace), message, reply, reporter),
    onSessions: ({ namespace, items }) => namespaces.get(namespace)?.recovery?.importSessions(items),
    onRejected: (channel, rejection, hostId) => reporter.reject(channel, rejection, hostId),
  };
}
