/** Sends an event. */
type Emit = (event: string, ...args: unknown[]) => void;

/** What a client sends to an application that passes it on. */
export interface ClientAttack {
  readonly name: string;
  /** @param bytes - about what it sends, where that is not small in any case */
  perform(emit: Emit, bytes: number): void;
}

function nested(depth: number): unknown {
  let value: unknown[] = [];
  for (let level = 1; level < depth; level += 1) {
    value = [value];
  }
  return value;
}

/** As `JSON.parse` makes it from a packet: a literal would set the prototype. */
const parsed = (json: string): unknown => JSON.parse(json);

const listOf = <Item>(item: Item, length: number): Item[] => Array.from({ length }, () => item);

/** Deeper than what other hosts read, and no deeper than what socket.io can parse. */
const DEPTHS = [900, 1_100, 3_000];

const ODD_ROOMS: readonly (readonly [name: string, room: unknown])[] = [
  ["a list of 1,100 levels", nested(1_100)],
  ["a map with a key __proto__", parsed('{"__proto__": 1}')],
  ["a number", 7],
  ["null", null],
  ["true", true],
  ["bytes", Buffer.from("room")],
  ["a map that looks like a placeholder", { _placeholder: true, num: 0 }],
];

const NAME_BYTES = 300_000;

/** Every kind. */
export const CLIENT_ATTACKS: readonly ClientAttack[] = [
  ...ODD_ROOMS.map(([name, room]) => ({
    name: `joins ${name}`,
    perform: (emit: Emit) => {
      emit("join", room);
      emit("relay to", room, "hello");
      emit("relay except", room, "hello");
      emit("leave", room);
      emit("join", room);
    },
  })),
  {
    name: "joins 10,000 rooms",
    perform: (emit) => {
      for (let number = 0; number < 10_000; number += 1) {
        emit("join", `room ${number}`);
      }
    },
  },
  {
    name: "has names of rooms excepted",
    perform: (emit, bytes) => {
      for (let number = 0; number < bytes / NAME_BYTES; number += 1) {
        emit("relay except", String(number).padEnd(NAME_BYTES, "x"), "hello");
      }
    },
  },
  ...DEPTHS.map((depth) => ({
    name: `sends ${depth} levels`,
    perform: (emit: Emit) => {
      emit("relay", nested(depth));
      emit("call", "called", nested(depth));
      emit("remember", nested(depth));
    },
  })),
  {
    name: "sends a key __proto__",
    perform: (emit) => {
      emit("relay", parsed('{"__proto__": {"polluted": 1}}'));
      emit("relay", parsed('{"constructor": {"prototype": {"polluted": 1}}}'));
      emit("call", "called", parsed('{"__proto__": 1}'));
      emit("remember", parsed('{"__proto__": 1}'));
    },
  },
  {
    name: "sends a key constructor beside a list",
    perform: (emit, bytes) => emit("relay", { constructor: 1, list: listOf(0, bytes / 2) }),
  },
  { name: "sends empty strings", perform: (emit, bytes) => emit("relay", listOf("", bytes / 3)) },
  { name: "sends empty maps", perform: (emit, bytes) => emit("relay", listOf({}, bytes / 3)) },
  {
    name: "sends many keys",
    perform: (emit, bytes) =>
      emit("relay", Object.fromEntries(Array.from({ length: bytes / 14 }, (_, number) => [`k${number}`, 0]))),
  },
  { name: "sends one long text", perform: (emit, bytes) => emit("relay", "\u0000".repeat(bytes / 6)) },
  { name: "sends one attachment", perform: (emit, bytes) => emit("relay", Buffer.alloc(bytes)) },
  {
    name: "sends an attachment beside a list",
    perform: (emit, bytes) => emit("relay", Buffer.from("a"), listOf(0, bytes / 2)),
  },
  {
    // Socket.IO's parser accepts no more.
    name: "sends 10 attachments",
    perform: (emit) => emit("relay", listOf(Buffer.alloc(1), 10)),
  },
  { name: "has much remembered", perform: (emit, bytes) => emit("remember", listOf("", bytes / 3)) },
];
