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
  #isOver = false;

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
    if (this.#isOver) {
      this.end();
    }
  }

  fromRemote(answer: unknown): void {
    this.#remoteAnswered += 1;
    this.#pass(answer);
  }

  /**
   * Nothing more is waited for from others. Own clients have until socket.io's own timer, which says so if one of them
   * does not answer.
   */
  end(): void {
    this.#isOver = true;
    if (this.#localAnswered === this.#local) {
      this.#tell(this.#local + this.#remoteAnswered);
    }
  }
}
