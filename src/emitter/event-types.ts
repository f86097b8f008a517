/** Events and the listeners that clients have for them, as in `Server<ClientToServerEvents, ServerToClientEvents>`. */
// biome-ignore lint/suspicious/noExplicitAny: an interface without index signature must fit, as in socket.io's own type
export type EventsMap = { [event: string]: any };

type Acknowledge = (...response: never) => unknown;

/** `unknown[]` where the listener has no type. */
type Params<Events extends EventsMap, Event extends keyof Events> = Parameters<Events[Event]>;

/** Whether the listener can be called with an acknowledgement as its last argument. */
type TakesAck<Params extends readonly unknown[]> = Required<Params> extends [...unknown[], Acknowledge] ? true : false;

/** Arguments of a listener, without the acknowledgement at the end. */
export type ArgsWithoutAck<Params extends readonly unknown[]> =
  Required<Params> extends [...infer Others, Acknowledge] ? Others : Params;

/** What `emit` takes: events whose listeners need no acknowledgement, as `RemoveAcknowledgements` of socket.io. */
export type EventNamesWithoutAck<Events extends EventsMap> = {
  [Event in keyof Events & string]: Params<Events, Event> extends [...unknown[], Acknowledge] ? never : Event;
}[keyof Events & string];

/** What `emitWithAck` takes: events whose listeners have an acknowledgement, or no type. */
export type EventNamesWithAck<Events extends EventsMap> = {
  [Event in keyof Events & string]: unknown[] extends Params<Events, Event>
    ? Event
    : TakesAck<Params<Events, Event>> extends true
      ? Event
      : never;
}[keyof Events & string];

export type EmitArgs<Events extends EventsMap, Event extends keyof Events> = ArgsWithoutAck<Params<Events, Event>>;

/** An error that comes first is that of `timeout()` in socket.io; no client sends it. */
type FirstResponse<Response extends readonly unknown[]> =
  NonNullable<Response[0]> extends Error ? Response[1] : Response[0];

/** What one client acknowledges an event with: the first argument of the acknowledgement that is no error. */
export type AckResponse<Events extends EventsMap, Event extends keyof Events> =
  Required<Params<Events, Event>> extends [...unknown[], (...response: infer Response) => unknown]
    ? FirstResponse<Response>
    : unknown;
