/** Events and the listeners that clients have for them, as in `Server<ClientToServerEvents, ServerToClientEvents>`. */
// biome-ignore lint/suspicious/noExplicitAny: an interface without index signature must fit, as in socket.io's own type
export type EventsMap = { [event: string]: any };

/** Arguments of an event's listener, the acknowledgement included; `unknown[]` where the listener has no type. */
export type EventParams<Events extends EventsMap, Event extends keyof Events> = Parameters<Events[Event]>;

/** Arguments of an event's listener, without the acknowledgement at the end. */
export type EmitArgs<Events extends EventsMap, Event extends keyof Events> =
  Required<EventParams<Events, Event>> extends [...infer Args, (...response: never) => unknown]
    ? Args
    : EventParams<Events, Event>;

/** What `emit` takes: events whose listeners need no acknowledgement, as `RemoveAcknowledgements` of socket.io. */
export type EventNamesWithoutAck<Events extends EventsMap> = {
  [Event in keyof Events & string]: EventParams<Events, Event> extends [...unknown[], (...response: never) => unknown]
    ? never
    : Event;
}[keyof Events & string];

/** What `emitWithAck` takes: events whose listeners have an acknowledgement, or no type. */
export type EventNamesWithAck<Events extends EventsMap> = {
  [Event in keyof Events & string]: unknown[] extends EventParams<Events, Event>
    ? Event
    : Required<EventParams<Events, Event>> extends [...unknown[], (...response: never) => unknown]
      ? Event
      : never;
}[keyof Events & string];

/**
 * What one client acknowledges an event with: the first argument of the acknowledgement. Where that is an error it is the
 * second: `timeout()` of socket.io puts its own error there, and no client sends one.
 */
export type AckResponse<Events extends EventsMap, Event extends keyof Events> =
  Required<EventParams<Events, Event>> extends [...unknown[], (...response: infer Response) => unknown]
    ? NonNullable<Response[0]> extends Error
      ? Response[1]
      : Response[0]
    : unknown;
