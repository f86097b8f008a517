import { randomUUID } from "node:crypto";
import { debugLog } from "../../util/debug.js";
import type { BusStatus } from "../bus.js";

/** @internal */
export interface HeartbeatMonitorOptions {
  /** Milliseconds between two heartbeats. A channel on which nothing arrives for as long after a heartbeat is stale. */
  readonly interval: number;
  /** Publishes the heartbeat at once, or rejects: a heartbeat is never kept for later. */
  publish(channel: string, heartbeat: string): Promise<unknown>;
  onStatus(status: BusStatus): void;
  /** The subscription looks alive and carries nothing: make it again. */
  onStale(channel: string): void;
}

interface ChannelState {
  /** False from a loss that is known until the channel is subscribed again. */
  isSubscribed: boolean;
  /** Whether anything arrived since the last heartbeat was sent. */
  hasReceived: boolean;
  lastReceived: number;
  /** When the newest heartbeat was sent, which also identifies it. */
  lastSent: number;
  /** When the oldest heartbeat was sent that has not returned; undefined when all have. */
  waitingSince: number | undefined;
}

interface Echo {
  readonly channel: string;
  resolve(): void;
}

/** A timer that fires later than this part of its interval shows that the process was blocked; silence then proves nothing. */
const LATE = 0.1;

const HEARTBEAT = /^\{"heartbeat":"([0-9a-f]{32})","sent":([\d.]+)\}$/;
const FIRST_LETTER = "h".charCodeAt(0);
const MAX_LENGTH = 100;

const debug = debugLog("bus");

const newId = () => randomUUID().replaceAll("-", "");

const heartbeat = (id: string, sent: number) => `{"heartbeat":"${id}","sent":${sent}}`;

/**
 * @internal A subscription can die while its connection looks alive. So each bus sends itself a message at an interval,
 * on every channel that it subscribes to:
 *
 *     {"heartbeat": "<32 hex digits of this bus>", "sent": 1234.5}
 *
 * It has no `method`, so other hosts ignore it, Python's included (`PubSubManager._thread`). When it comes back the
 * channel is `healthy`, with the round trip as its lag; when nothing at all arrives, the channel is `stale`.
 */
export class HeartbeatMonitor {
  readonly #options: HeartbeatMonitorOptions;
  readonly #id = newId();
  readonly #channels = new Map<string, ChannelState>();
  /** By id, what is to come back once. */
  readonly #echoes = new Map<string, Echo>();
  #timer: NodeJS.Timeout | undefined;
  #checking: NodeJS.Immediate | undefined;
  /** When all channels were last looked at, or the timer for the first look was set. */
  #checkedAt = 0;
  /** A subscribe that was on its way when the bus was closed may still succeed. */
  #isClosed = false;

  constructor(options: HeartbeatMonitorOptions) {
    this.#options = options;
  }

  /** Call whenever a subscription is made. The first heartbeat is sent at once. */
  subscribed(channel: string): void {
    if (this.#isClosed) {
      return;
    }
    const now = performance.now();
    const state = { isSubscribed: true, hasReceived: true, lastReceived: now, lastSent: 0, waitingSince: undefined };
    this.#channels.set(channel, state);
    this.#endEchoes(channel);
    if (this.#timer === undefined) {
      this.#timer = this.#schedule();
      this.#checkedAt = now;
    }
    this.#send(channel, state, now);
  }

  /** Call when the loss of a subscription is known. The channel is reported as stale until it is subscribed again. */
  subscriptionLost(channel: string): void {
    const state = this.#channels.get(channel);
    if (state !== undefined) {
      this.#lose(channel, state);
    }
  }

  /**
   * Resolves when what this bus published before on the channel has come back. Where it is not subscribed to the channel,
   * at once; and when it is no longer, or the broker does not take the message.
   */
  async echo(channel: string): Promise<void> {
    if (this.#channels.get(channel)?.isSubscribed !== true) {
      return;
    }
    const id = newId();
    const returned = new Promise<void>((resolve) => {
      this.#echoes.set(id, { channel, resolve });
      this.#options.publish(channel, heartbeat(id, performance.now())).catch(resolve);
    });
    await returned;
    this.#echoes.delete(id);
  }

  /** Call with every message. @returns true for a heartbeat, of this bus or another, which nobody else needs to see */
  observe(channel: string, payload: Uint8Array): boolean {
    const now = performance.now();
    const state = this.#channels.get(channel);
    // There is none between the subscription and the broker's reply to it.
    if (state !== undefined) {
      state.hasReceived = true;
      state.lastReceived = now;
    }
    if (payload.byteLength > MAX_LENGTH || payload[2] !== FIRST_LETTER) {
      return false;
    }
    const [, id, sent] = HEARTBEAT.exec(Buffer.from(payload).toString()) ?? [];
    if (id === this.#id && state !== undefined) {
      this.#onReturned(channel, state, Number(sent), now);
    } else if (id !== undefined) {
      this.#echoes.get(id)?.resolve();
    }
    return id !== undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearImmediate(this.#checking);
    for (const [channel, state] of this.#channels) {
      this.#lose(channel, state);
    }
    this.#channels.clear();
  }

  #lose(channel: string, state: ChannelState): void {
    state.isSubscribed = false;
    this.#endEchoes(channel);
  }

  #endEchoes(channel: string): void {
    for (const echo of this.#echoes.values()) {
      if (echo.channel === channel) {
        echo.resolve();
      }
    }
  }

  #onReturned(channel: string, state: ChannelState, sent: number, now: number): void {
    // One of an earlier subscription may come late.
    if (sent <= state.lastSent) {
      state.waitingSince = sent === state.lastSent ? undefined : state.lastSent;
      this.#options.onStatus({ type: "healthy", channel, lag: now - sent });
    }
  }

  #schedule(): NodeJS.Timeout {
    const due = performance.now() + this.#options.interval;
    return setTimeout(() => {
      this.#timer = this.#schedule();
      const isLate = performance.now() - due > this.#options.interval * LATE;
      // After what has arrived meanwhile was read.
      this.#checking = setImmediate(() => this.#checkAll(isLate));
    }, this.#options.interval);
  }

  #checkAll(isLate: boolean): void {
    const now = performance.now();
    for (const [channel, state] of this.#channels) {
      this.#check(channel, state, now, isLate);
    }
    this.#checkedAt = now;
  }

  #check(channel: string, state: ChannelState, now: number, isLate: boolean): void {
    if (!state.isSubscribed) {
      this.#options.onStatus({ type: "stale", channel, silence: now - state.lastReceived });
      return;
    }
    if (state.waitingSince !== undefined && state.lastSent > this.#checkedAt) {
      // Subscribed since the last look: its heartbeat has not had an interval to come back.
      return;
    }
    if (state.waitingSince !== undefined && !state.hasReceived && !isLate) {
      debug("no heartbeat came back on %o", channel);
      this.#lose(channel, state);
      this.#options.onStatus({ type: "stale", channel, silence: now - state.lastReceived });
      this.#options.onStale(channel);
      return;
    }
    if (state.waitingSince !== undefined) {
      // Other messages arrive, so the heartbeat is on its way behind them.
      this.#options.onStatus({ type: "healthy", channel, lag: now - state.waitingSince });
    }
    this.#send(channel, state, now);
  }

  #send(channel: string, state: ChannelState, now: number): void {
    state.hasReceived = false;
    state.lastSent = now;
    state.waitingSince ??= now;
    this.#options.publish(channel, heartbeat(this.#id, now)).catch(() => {
      // No connection, or no right to publish: its absence proves nothing.
      if (state.lastSent === now) {
        state.waitingSince = undefined;
      }
    });
  }
}
