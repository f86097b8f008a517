import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { Inbox } from "../../../src/testing/inbox.js";
import type { Line } from "../../../src/testing/program.js";
import { openRelay, type Relay } from "../../shared/relay.js";
import { type BackendLink, openBackendLink } from "./backend-link.js";
import { EdgeHost } from "./edge-host.js";
import { Gunicorn } from "./gunicorn.js";
import { Load } from "./load.js";
import { CLIENTS, type EdgeFaultName } from "./names.js";

/** Two edges before the same workers, and their clients. */
export interface EdgeTestbed {
  readonly gunicorn: Gunicorn;
  /** What the workers have written: see `recorded_app.py`. */
  readonly record: Inbox<Line>;
  readonly edges: readonly [EdgeHost, EdgeHost];
  readonly load: Load;
  /** Between edges and workers, where the fault is in it. */
  readonly link: BackendLink;
  end(): Promise<void>;
}

export interface EdgeTestbedOptions {
  readonly fault: EdgeFaultName;
  /** URL of the broker. */
  readonly queue: string;
}

/** What finds an edge for each connection: the given one while it is alive, else another one. */
function openBalancer(edges: readonly EdgeHost[], preferred: EdgeHost): Promise<Relay> {
  const choose = () => [preferred, ...edges].find(({ isAlive }) => isAlive) ?? preferred;
  return openRelay({ brokerPort: () => choose().port, transform: () => new PassThrough() });
}

/** Starts everything but the broker, on a channel of its own. Resolves when all clients are connected. */
export async function startEdgeTestbed({ fault, queue }: EdgeTestbedOptions): Promise<EdgeTestbed> {
  const releases: (() => unknown)[] = [];
  const end = async (): Promise<void> => {
    for (const release of releases.splice(0).reverse()) {
      await release();
    }
  };
  try {
    const settings = { queue, channel: `faults-${randomUUID()}`, secret: randomUUID() };
    const record = new Inbox<Line>();
    const gunicorn = await Gunicorn.start({ ...settings, record });
    releases.push(() => gunicorn.stop());
    const link = await openBackendLink(() => gunicorn.port);
    releases.push(() => link.close());
    const backend = `http://127.0.0.1:${fault === "edge-black-hole" ? link.port : gunicorn.port}`;
    const startEdge = async (name: string): Promise<EdgeHost> => {
      const edge = await EdgeHost.start({ ...settings, name, backend });
      releases.push(() => edge.end());
      return edge;
    };
    const edges = [await startEdge("an edge"), await startEdge("the other edge")] as const;
    const balancers = await Promise.all(edges.map((edge) => openBalancer(edges, edge)));
    releases.push(() => Promise.all(balancers.map((balancer) => balancer.close())));
    const urls = balancers.map(({ port }) => `http://127.0.0.1:${port}`);
    const load = await Load.start({ urls, clients: CLIENTS });
    releases.push(() => load.end());
    return { gunicorn, record, edges, load, link, end };
  } catch (error) {
    await end();
    throw error;
  }
}
