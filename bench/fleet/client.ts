import { io as connect, type Socket } from "socket.io-client";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { now } from "../shared/clock.js";

/** Arrivals of one sender at one client, in order of arrival. One entry of each list belongs to one arrival. */
export interface Arrivals {
  readonly numbers: number[];
  readonly times: number[];
  /** In the order of everything that the client received. */
  readonly positions: number[];
}

/** A period in which the host or its client may have missed messages, by its own account. */
export interface Window {
  /**
   * - `disconnected`: the client had no connection, or was not yet in its rooms
   * - `reconnecting`: statuses of a Node host, from the first sign of an outage until `ready`
   * - `reported`: an `error` of a Node host that says that messages are lost to it
   * - `outage`: a Python host had to subscribe again
   */
  readonly kind: "disconnected" | "reconnecting" | "reported" | "outage";
  /** Positions of its beginning and its end among the arrivals. */
  readonly positions: readonly [number, number];
  /** The same in time. */
  readonly times: readonly [number, number];
  readonly why: string;
}

/** A Node host's error that announces a gap. */
const LOSS = /lost to this host|were deleted before|deleted and created again|cannot be read|truncated/;
const OUTAGE_SIGNS: readonly string[] = ["reconnecting", "stale"];

interface OpenWindow {
  readonly position: number;
  readonly time: number;
  readonly why: string;
}

/** The client of one host: records what arrives, and what its host says about gaps. It reconnects when its host is back. */
export class FleetClient {
  /** The name of its host. */
  readonly name: string;
  readonly rooms: readonly string[];
  readonly arrivals = new Map<string, Arrivals>();
  readonly windows: Window[] = [];
  /** Messages whose padding has not the length that it was sent with. */
  readonly damaged: string[] = [];
  /** When it lost a sid that it had. */
  readonly lostSids = new Map<string, number>();
  readonly #socket: Socket;
  readonly #completed: Promise<void>;
  #complete = (): void => {};
  #sid: string | undefined;
  #position = 0;
  #outage: OpenWindow | undefined;
  #disconnected: OpenWindow | undefined;

  constructor(name: string, url: string, rooms: readonly string[]) {
    this.name = name;
    this.rooms = rooms;
    this.#socket = connect(url, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
      randomizationFactor: 0,
    });
    this.#disconnected = this.#mark("start");
    this.#completed = new Promise((resolve) => {
      this.#complete = resolve;
    });
    this.#socket.on("numbered", (sender, number, _at, bytes, padding) => {
      this.#onNumbered(sender, number);
      if (padding.length !== bytes) {
        this.damaged.push(`${sender} ${number}: ${padding.length} bytes of ${bytes}`);
      }
    });
    this.#socket.on("status", (type, at, error) => this.#onStatus(type, at, error));
    this.#socket.on("outage", (from, to) => this.#onOutage(from, to));
    this.#socket.on("disconnect", (reason) => this.#onDisconnected(reason));
    this.#socket.on("connect", () => void this.#join());
  }

  /** While it is connected, and in its rooms. */
  get sid(): string | undefined {
    return this.isComplete ? this.#sid : undefined;
  }

  /** Whether it is connected, and in its rooms. */
  get isComplete(): boolean {
    return this.#disconnected === undefined;
  }

  /** Resolves when it is connected, and in its rooms, for the first time. */
  async completed(): Promise<void> {
    await withTimeout(`the client of ${this.name}`, this.#completed);
  }

  /** The latest number of a sender. */
  latest(sender: string): number {
    return this.arrivals.get(sender)?.numbers.at(-1) ?? 0;
  }

  close(): void {
    this.#socket.disconnect();
  }

  /** Windows that are still open are closed, as far as the record goes. */
  finish(): void {
    this.#closeOutage(now());
    this.#closeDisconnected();
  }

  #mark(why: string): OpenWindow {
    this.#position += 1;
    return { position: this.#position, time: now(), why };
  }

  #onDisconnected(reason: string): void {
    // A host that is gone reports nothing any more.
    this.#closeOutage(now());
    this.#disconnected ??= this.#mark(reason);
    if (this.#sid !== undefined) {
      this.lostSids.set(this.#sid, now());
    }
  }

  async #join(): Promise<void> {
    const { id } = this.#socket;
    this.#sid = id;
    try {
      for (const room of this.rooms) {
        await withTimeout("a room", this.#socket.emitWithAck("join", room));
      }
    } catch {
      // The connection was lost meanwhile: the next one joins.
      return;
    }
    if (id === this.#socket.id) {
      this.#closeDisconnected();
      this.#complete();
    }
  }

  #closeDisconnected(): void {
    this.#disconnected = this.#close("disconnected", this.#disconnected);
  }

  #close(kind: Window["kind"], open: OpenWindow | undefined, at = now()): undefined {
    if (open !== undefined) {
      const end = this.#mark("");
      this.windows.push({
        kind,
        positions: [open.position, end.position],
        times: [open.time, at],
        why: open.why,
      });
    }
  }

  #onNumbered(sender: string, number: number): void {
    this.#position += 1;
    let arrivals = this.arrivals.get(sender);
    if (arrivals === undefined) {
      arrivals = { numbers: [], times: [], positions: [] };
      this.arrivals.set(sender, arrivals);
    }
    arrivals.numbers.push(number);
    arrivals.times.push(now());
    arrivals.positions.push(this.#position);
  }

  #onStatus(type: string, at: number, error: string | null): void {
    if (type === "ready") {
      this.#closeOutage(at);
    } else if (OUTAGE_SIGNS.includes(type)) {
      this.#outage ??= { ...this.#mark(type), time: at };
    } else if (type === "error" && LOSS.test(error ?? "")) {
      this.#close("reported", { ...this.#mark(String(error)), time: at }, at);
    }
  }

  #closeOutage(at: number): void {
    this.#outage = this.#close("reconnecting", this.#outage, at);
  }

  #onOutage(from: number, to: number): void {
    this.#close("outage", { ...this.#mark("subscribed again"), time: from }, to);
  }
}

/** For a display: what the client of each host has received. */
export function receivedLines(title: string, clients: readonly FleetClient[]): readonly string[] {
  return clients.map(({ name, arrivals, isComplete }) => {
    const count = [...arrivals.values()].reduce((sum, { numbers }) => sum + numbers.length, 0);
    return `  ${`${title} ${name}`.padEnd(34)} ${String(count).padStart(8)} received${isComplete ? "" : ", disconnected"}`;
  });
}
