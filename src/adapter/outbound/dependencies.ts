import type { Adapter } from "socket.io-adapter";
import type { Cluster } from "../../cluster/cluster.js";
import type { WireRoom } from "../../protocol/model/messages.js";
import type { LooksLikeSid } from "../../protocol/model/sid.js";
import type { ChannelPublisher } from "../channel-publisher.js";
import type { Reporter } from "../reporting/reporter.js";

/** What the operations of one namespace are built on. */
export interface OutboundDependencies {
  readonly adapter: Adapter;
  readonly cluster: Cluster;
  /** To the fleet's channel. */
  readonly publisher: ChannelPublisher;
  readonly reporter: Reporter;
  readonly looksLikeSid: LooksLikeSid;
  readonly toPythonRoom: (room: string, namespace: string) => WireRoom;
}
