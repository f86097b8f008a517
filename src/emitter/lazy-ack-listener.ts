import type { AckedEmit, AckListener } from "./ack-listener.js";

type ListenerParameters = ConstructorParameters<typeof AckListener>;

/**
 * Loads the ack listener with the first `emitWithAck`, which waits for subscriptions anyway: an emitter that only writes
 * runs without the cluster, the decoders and the pickle reader.
 */
export class LazyAckListener {
  readonly #parameters: ListenerParameters;
  #loading: Promise<AckListener> | undefined;
  #loaded: AckListener | undefined;
  #isClosed = false;

  constructor(...parameters: ListenerParameters) {
    this.#parameters = parameters;
  }

  /** @throws BridgeError rejects as `AckListener.emitWithAck` */
  async emitWithAck(emit: AckedEmit): Promise<unknown[]> {
    this.#loading ??= this.#load();
    const listener = await this.#loading;
    return listener.emitWithAck(emit);
  }

  close(): void {
    this.#isClosed = true;
    this.#loaded?.close();
  }

  async #load(): Promise<AckListener> {
    const { AckListener } = await import("./ack-listener.js");
    this.#loaded = new AckListener(...this.#parameters);
    if (this.#isClosed) {
      this.#loaded.close();
    }
    return this.#loaded;
  }
}
