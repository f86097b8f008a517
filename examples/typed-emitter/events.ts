/** Shared by server, client and emitter: a wrong name or argument does not compile. */
export interface ServerToClientEvents {
  progress: (status: { job: number; percent: number }) => void;
  done: (job: number, files: readonly string[]) => void;
}

export interface ClientToServerEvents {
  watch: (job: number, acknowledge: () => void) => void;
}
