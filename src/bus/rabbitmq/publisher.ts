import { BridgeError } from "../../errors.js";
import { pause } from "../../util/pause.js";
import type { BusCore } from "../core/bus-core.js";
import { type GatedPublisher, PublishGate } from "../core/publish-gate.js";
import type { OpenConnection, RabbitmqConnection, RabbitmqConnector } from "./connection.js";
import { ExchangePublisher } from "./exchange-publisher.js";

/** What is lost with the connection. */
interface Session {
  readonly connection: OpenConnection;
  readonly exchanges: Map<string, ExchangePublisher>;
  /** The broker is short of memory or disk, and accepts nothing. */
  isBlocked: boolean;
}

/** The connection that publishes. */
export class RabbitmqPublisher implements GatedPublisher {
  readonly gate: PublishGate;
  readonly #core: BusCore;
  readonly #connect: RabbitmqConnector;
  readonly #onConnected: () => void;
  #connection: RabbitmqConnection | undefined;
  #session: Session | undefined;
  /** Since messages last flowed, a restart cost the broker the bindings of all hosts. */
  #areBindingsLost = false;

  constructor(core: BusCore, connect: RabbitmqConnector, onConnected: () => void) {
    this.#core = core;
    this.#connect = connect;
    this.#onConnected = onConnected;
    this.gate = new PublishGate(core, this);
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Sends what the outbox holds. Connects, the first time. */
  flush(): void {
    this.#connection ??= this.#open();
    const session = this.#session;
    if (session !== undefined && this.gate.isOpen && !session.isBlocked) {
      for (const entry of this.#core.outbox.take()) {
        this.#exchangeOf(session, entry.channel).send(entry);
      }
    }
  }

  /** Resolves when the broker has it; rejects when it is not known to get it. */
  async publishHeartbeat(channel: string, message: Buffer): Promise<void> {
    if (this.#session === undefined || this.#session.isBlocked) {
      throw new Error("not connected, or blocked");
    }
    await this.#exchangeOf(this.#session, channel).sendHeartbeat(message);
  }

  /** A broker that has said why it does not confirm may take its time. */
  replaceUnlessBlocked(reason: string): void {
    if (!this.#session?.isBlocked) {
      this.replace(reason);
    }
  }

  /** Opens another connection. */
  replace(reason: string): void {
    this.#connection?.replace(reason);
  }

  /** The broker is known to be back. */
  retryNow(): void {
    this.#connection?.retryNow();
  }

  bindingsLost(): void {
    this.#areBindingsLost = true;
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  onGateOpened(): void {
    this.#areBindingsLost = false;
    if (this.#session?.isBlocked) {
      this.#core.outbox.pause();
    }
    this.flush();
  }

  /**
   * A broker that has forgotten who was bound to the exchange loses what is published before the others are back: Node
   * hosts after a second at most, a KombuManager after as long as the broker was away, an AsyncAioPikaManager within
   * five seconds. AMQP does not disclose who is bound, so they get the whole grace. After any other loss of our connection
   * their queues may well be intact; a bus that only publishes does not know, and waits. Never rejects.
   */
  async waitForOtherHosts(): Promise<void> {
    if (this.#areBindingsLost || this.#core.subscriptions.channels.length === 0) {
      await pause(this.#core.subscriberGrace, this.#core.closing);
    }
  }

  #open(): RabbitmqConnection {
    return this.#connect("publisher", {
      onOpen: (connection) => this.#onOpen(connection),
      onLost: () => {
        this.#session = undefined;
        this.gate.publisherLost();
      },
      onRetry: (delay) => this.gate.publisherReconnecting(delay),
      onError: (error) => this.#core.status.errorOnce(error),
    });
  }

  #onOpen(connection: OpenConnection): void {
    this.#onConnected();
    const session: Session = { connection, exchanges: new Map(), isBlocked: false };
    this.#session = session;
    connection.model.on("blocked", (reason) => this.#onBlocked(session, reason));
    connection.model.on("unblocked", () => this.#onUnblocked(session));
    this.#core.restartHeartbeats();
    this.gate.publisherConnected();
  }

  #onBlocked(session: Session, reason: string): void {
    session.isBlocked = true;
    this.#core.outbox.pause();
    for (const exchange of session.exchanges.values()) {
      exchange.forgetHeartbeats();
    }
    const message = `${session.connection.name} accepts no messages for the time being: ${reason}`;
    this.#core.status.errorOnce(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message));
  }

  #onUnblocked(session: Session): void {
    session.isBlocked = false;
    this.#core.status.forgetErrors();
    if (this.gate.isOpen) {
      this.#core.outbox.resume();
      this.flush();
    }
  }

  #exchangeOf({ connection, exchanges }: Session, channel: string): ExchangePublisher {
    const known = exchanges.get(channel);
    if (known !== undefined) {
      return known;
    }
    const exchange = new ExchangePublisher(channel, connection, {
      onConfirmed: (entry) => {
        this.#core.outbox.confirm(entry);
        // What was held back while the broker was silent.
        this.flush();
      },
      onRefused: (entry, error) => this.#core.outbox.refuse(entry, error),
      onError: (error) => this.#core.status.errorOnce(error),
      onEnd: () => exchanges.delete(channel),
    });
    exchanges.set(channel, exchange);
    return exchange;
  }
}
