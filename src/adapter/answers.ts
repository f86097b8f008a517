/**
 * Counts what `BroadcastOperator` of socket.io waits for: it ends when one call has told it the number of clients and
 * as many have answered.
 */
export class ExpectedAnswers {
  readonly #tell: (clientCount: number) => void;
  readonly #pass: (answer: unknown) => void;
  #local = 0;
  #localAnswered = 0;
  #remoteAnswered = 0;

  constructor(tell: (clientCount: number) => void, pass: (answer: unknown) => void) {
    this.#tell = tell;
    this.#pass = pass;
  }

  expectLocal(count: number): void {
    this.#local = count;
  }

  /** One client, somewhere else. */
  expectRemote(): void {
    this.#tell(this.#local + 1);
  }

  fromLocal(answer: unknown): void {
    this.#localAnswered += 1;
    this.#pass(answer);
  }

  fromRemote(answer: unknown): void {
    this.#remoteAnswered += 1;
    this.#pass(answer);
  }

  /** Nothing more is waited for. If own clients still owe an answer, socket.io's timeout says so. */
  end(): void {
    if (this.#localAnswered === this.#local) {
      this.#tell(this.#local + this.#remoteAnswered);
    }
  }
}
