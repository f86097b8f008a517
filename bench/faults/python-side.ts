import { testEnvironment } from "../../test/helpers/environment.js";
import type { Sent } from "./figures.js";
import { Program } from "./program.js";

/** The fixtures find each other by their names. */
const ENVIRONMENT = { PYTHONPATH: "python-fixtures", PYTHONUNBUFFERED: "1" };

function start(title: string, script: string, args: readonly string[]): Program {
  return new Program({ title, command: testEnvironment().python, args: [script, ...args], env: ENVIRONMENT });
}

export interface PythonHost {
  readonly url: string;
  end(): Promise<void>;
}

/** A threaded server of python-socketio that hears its channel. */
export async function startPythonHost(queue: string, channel: string): Promise<PythonHost> {
  const args = ["--kind", "threaded", "--queue", queue, "--channel", channel];
  const program = start("the Python host", "python-fixtures/peer.py", args);
  const { port } = await program.event("ready");
  return { url: `http://127.0.0.1:${port}`, end: () => program.end() };
}

/** A program that emits at a steady pace through a write-only manager of python-socketio. */
export interface PythonSender {
  readonly sender: string;
  send(): void;
  /** Resolves when nothing more is sent but a barrier. */
  finish(): Promise<PythonSent>;
  end(): Promise<void>;
}

export interface PythonSent extends Sent {
  /** When each accepted message was accepted. */
  readonly acceptedAt: readonly number[];
}

export async function startPythonSender(queue: string, channel: string, rate: number): Promise<PythonSender> {
  const args = ["--queue", queue, "--channel", channel, "--rate", String(rate)];
  const program = start("the Python sender", "bench/faults/steady.py", args);
  await program.event("ready");
  const sender = "python";
  return {
    sender,
    send: () => program.tell({ op: "send" }),
    async finish() {
      program.tell({ op: "stop" });
      const times = (await program.event("stopped")).times as readonly (number | null)[];
      program.tell({ op: "barrier" });
      const accepted = times.flatMap((time, index) => (time === null ? [] : [index + 1]));
      const acceptedAt = times.filter((time) => time !== null);
      return { sender, count: times.length, accepted, isOwedAll: false, acceptedAt };
    },
    end: () => program.end(),
  };
}
