import { Connection, type ConnectionOptions } from "./connection.js";

/** Connections to one server, which are kept for the next request. */
export class Connections {
  readonly #options: ConnectionOptions;
  readonly #all = new Set<Connection>();
  /** The one that was used last is last. */
  readonly #idle: Connection[] = [];

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** One that has been used just now, or a new one. It is the caller's until `giveBack`. */
  take(): Connection {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isIdle) {
        return connection;
      }
    }
    const connection: Connection = new Connection(this.#options, () => {
      this.#all.delete(connection);
      const index = this.#idle.indexOf(connection);
      if (index !== -1) {
        this.#idle.splice(index, 1);
      }
    });
    this.#all.add(connection);
    return connection;
  }

  giveBack(connection: Connection): void {
    if (connection.isIdle) {
      connection.rest();
      this.#idle.push(connection);
    }
  }

  /** Ends what is under way, too. */
  close(): void {
    for (const connection of this.#all) {
      connection.destroy(new Error("the edge is closed"));
    }
  }
}
