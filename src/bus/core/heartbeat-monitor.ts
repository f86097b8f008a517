import { randomUUID } from "node:crypto";
import type { BusStatus } from "../bus.js";

export interface HeartbeatMonitorOptions {
  /** Milliseconds between two beats; a subscription that hears nothing at all for as long after a beat is deaf. */
  readonly interval: number;
  /** Puts the beat on the channel at once, or rejects: a beat is never kept for later. */
  publish(channel: string, beat: string): Promise<unknown>;
  onStatus(status: BusStatus): void;
  /** The subscription looks alive and is deaf: make it anew. */
  onDeaf(channel: string): void;
}

interface Pulse {
  /** False between the loss of a subscription that is known and its return. */
  isSubscribed: boolean;
  /** Whether anything came since the last beat went out. */
  hasHeard: boolean;
  lastHeard: number;
  /** When the newest beat went out; it names the beat too. */
  lastSent: number;
  /** When the oldest beat went out that is not back; undefined when all are. */
  waitingSince: number | undefined;
}

/** The process stood still if a timer fires later than this part of its interval; then silence proves nothing. */
const LATE = 0.5;

const BEAT = /^\{"heartbeat":"([0-9a-f]{32})","sent":([\d.]+)\}$/;
const FIRST_LETTER = "h".charCodeAt(0);
const LONGEST_BEAT = 100;

/**
 * A subscription can die while its connection looks alive. So each bus sends itself a message at an interval, on every
 * channel that it reads:
 *
 *     {"heartbeat": "<32 hex digits of this bus>", "sent": 1234.5}
 *
 * It has no `method`, so other hosts pass it over, Python's as well (`PubSubManager._thread`). When it comes back the
 * channel is `healthy`, with the way through the broker as its lag; when nothing at all comes, it is `deaf`.
 */
export class HeartbeatMonitor {
  readonly #options: HeartbeatMonitorOptions;
  readonly #id = randomUUID().replaceAll("-", "");
  readonly #pulses = new Map<string, Pulse>();
  #timer: NodeJS.Timeout | undefined;
  /** What was on its way when the bus was closed may still succeed. */
  #isClosed = false;

  constructor(options: HeartbeatMonitorOptions) {
    this.#options = options;
  }

  /** To be called when a subscription is made, and each time it is made anew. The first beat goes out at once. */
  subscribed(channel: string): void {
    if (this.#isClosed) {
      return;
    }
    const now = performance.now();
    const pulse: Pulse = { isSubscribed: true, hasHeard: true, lastHeard: now, lastSent: 0, waitingSince: undefined };
    this.#pulses.set(channel, pulse);
    this.#timer ??= this.#schedule();
    this.#beat(channel, pulse, now);
  }

  /** To be called when the loss of a subscription is known. It is called deaf if it stays away. */
  lost(channel: string): void {
    const pulse = this.#pulses.get(channel);
    if (pulse !== undefined) {
      pulse.isSubscribed = false;
    }
  }

  /** To be asked about every message that comes. @returns true for a beat, of this bus or another, which goes no further */
  observe(channel: string, payload: Uint8Array): boolean {
    const pulse = this.#pulses.get(channel);
    if (pulse === undefined) {
      return false;
    }
    const now = performance.now();
    pulse.hasHeard = true;
    pulse.lastHeard = now;
    if (payload.byteLength > LONGEST_BEAT || payload[2] !== FIRST_LETTER) {
      return false;
    }
    const [, id, sent] = BEAT.exec(Buffer.from(payload).toString()) ?? [];
    if (id === this.#id) {
      this.#return(channel, pulse, Number(sent), now);
    }
    return id !== undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pulses.clear();
  }

  #return(channel: string, pulse: Pulse, sent: number, now: number): void {
    // One of an earlier subscription may come late.
    if (sent <= pulse.lastSent) {
      pulse.waitingSince = sent === pulse.lastSent ? undefined : pulse.lastSent;
      this.#options.onStatus({ type: "healthy", channel, lag: now - sent });
    }
  }

  #schedule(): NodeJS.Timeout {
    const due = performance.now() + this.#options.interval;
    return setTimeout(() => {
      this.#timer = this.#schedule();
      const now = performance.now();
      const isLate = now - due > this.#options.interval * LATE;
      for (const [channel, pulse] of this.#pulses) {
        this.#look(channel, pulse, now, isLate);
      }
    }, this.#options.interval);
  }

  #look(channel: string, pulse: Pulse, now: number, isLate: boolean): void {
    if (!pulse.isSubscribed) {
      this.#options.onStatus({ type: "deaf", channel, silence: now - pulse.lastHeard });
      return;
    }
    if (pulse.waitingSince !== undefined && !pulse.hasHeard && !isLate) {
      pulse.isSubscribed = false;
      this.#options.onStatus({ type: "deaf", channel, silence: now - pulse.lastHeard });
      this.#options.onDeaf(channel);
      return;
    }
    if (pulse.waitingSince !== undefined) {
      // Others are heard, so the beat is on its way behind them.
      this.#options.onStatus({ type: "healthy", channel, lag: now - pulse.waitingSince });
    }
    this.#beat(channel, pulse, now);
  }

  #beat(channel: string, pulse: Pulse, now: number): void {
    pulse.hasHeard = false;
    pulse.lastSent = now;
    pulse.waitingSince ??= now;
    this.#options.publish(channel, `{"heartbeat":"${this.#id}","sent":${now}}`).catch(() => {
      // No connection, or no right to write there: then its absence proves nothing.
      if (pulse.lastSent === now) {
        pulse.waitingSince = undefined;
      }
    });
  }
}
