import type { Namespace, Server } from "socket.io";
import type { Edge } from "../edge/edge.js";
import type { ServerHandlers } from "../edge/served-by.js";
import { disconnectListeners, eventsOf, type Inspection, type InspectNote, ON_ANY } from "./inspect-app.js";

/** Clients whose handlers are looked at, of each namespace. */
const MAX_CLIENTS = 1_000;

/** Namespaces that are looked at: clients may choose their names. */
const MAX_NAMESPACES = 1_000;

/**
 * Finds the handlers of a server that runs behind an edge, by looking at the clients that are connected: it runs nothing of
 * the application. What cannot be known without a client is noted.
 */
export function inspectServer(io: Server, edge: Pick<Edge, "applications" | "isInFrontOf">): Inspection {
  const notes: InspectNote[] = [];
  const handlers = new Map<string, ServerHandlers>();
  const namespaces = [...io._nsps.values()];
  for (const namespace of namespaces.slice(0, MAX_NAMESPACES)) {
    const { name } = namespace;
    const note = (text: string, isIncomplete: boolean) => void notes.push({ namespace: name, text, isIncomplete });
    const isShared = edge.isInFrontOf(namespace);
    const found = inspectNamespace(namespace, isShared ? 1 : 0, note);
    const isOfAny = isShared && !edge.applications.some((application) => application.handlers.has(name));
    if (!isOfAny) {
      handlers.set(name, found);
    } else if (found.connect || found.disconnect || found.events.size > 0) {
      handlers.set(name, found);
      note("the handlers that Python has for any other namespace (*) serve it, too", false);
    }
  }
  if (namespaces.length > MAX_NAMESPACES) {
    notes.push({
      namespace: undefined,
      text: `the table has ${MAX_NAMESPACES} of the ${namespaces.length} namespaces of this server`,
      isIncomplete: true,
    });
  }
  return { handlers, notes };
}

/** @param own - listeners of the edge itself, for `connection` and for `disconnect` of each client */
function inspectNamespace(
  namespace: Namespace,
  own: number,
  note: (text: string, isIncomplete: boolean) => void,
): ServerHandlers {
  const connect = namespace.listenerCount("connection") + namespace.listenerCount("connect") > own;
  const events = new Set<string>();
  let [seen, disconnect, hasOnAny] = [0, false, false];
  for (const socket of namespace.sockets.values()) {
    if (seen === MAX_CLIENTS) {
      note(`the handlers are those of ${MAX_CLIENTS} of its ${namespace.sockets.size} clients`, false);
      break;
    }
    seen += 1;
    disconnect ||= disconnectListeners(socket) > own;
    hasOnAny ||= socket.listenersAny().length > 0;
    for (const event of eventsOf(socket)) {
      events.add(event);
    }
  }
  if (hasOnAny) {
    note(ON_ANY, false);
  }
  // Handlers are added by `connection` listeners, if there are any.
  const isSeen = seen > 0 || !connect;
  if (!isSeen) {
    note("no client is connected to this edge here, and handlers belong to clients: connect one, or use --app", true);
  }
  return { isSeen, connect, events, disconnect };
}
