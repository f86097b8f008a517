import { testEnvironment } from "../../scripts/environment/environment.js";
import type { Program } from "../../src/testing/program.js";
import { pythonPath } from "../../src/testing/python.js";
import type { HostKind } from "../../src/testing/python-peer.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { Sent } from "./figures.js";

/** The fixtures import each other by name, and the package. */
const ENVIRONMENT = { PYTHONPATH: pythonPath("python-fixtures", "python/src"), PYTHONUNBUFFERED: "1" };

function start(title: string, script: string, args: readonly string[]): Program {
  return startProgram({ title, command: testEnvironment().python, args: [script, ...args], env: ENVIRONMENT });
}

export interface PythonHost {
  readonly url: string;
  end(): Promise<void>;
}

/** Starts a server of python-socketio, threaded or asynchronous. Resolves when it is subscribed. */
export async function startPythonHost(kind: HostKind, queue: string, channel: string): Promise<PythonHost> {
  const args = ["--kind", kind, "--queue", queue, "--channel", channel];
  const program = start(`the ${kind} Python host`, "python-fixtures/peer.py", args);
  const { port } = await program.event("ready");
  return { url: `http://127.0.0.1:${port}`, end: () => endProgram(program) };
}

/** A program that emits at a steady rate through write-only managers of python-socketio. */
export interface PythonSenders {
  readonly names: readonly string[];
  send(): void;
  /** Stops the senders and has each emit a barrier. */
  finish(): Promise<readonly PythonSent[]>;
  end(): Promise<void>;
}

export interface PythonSent extends Sent {
  /** When each accepted message was accepted. */
  readonly acceptedAt: readonly number[];
}

function pythonSent(sender: string, times: readonly (number | null)[]): PythonSent {
  return {
    sender,
    count: times.length,
    accepted: times.flatMap((time, index) => (time === null ? [] : [index + 1])),
    mustAllArrive: false,
    acceptedAt: times.filter((time) => time !== null),
  };
}

export async function startPythonSenders(queue: string, channel: string, rate: number): Promise<PythonSenders> {
  const args = ["--queue", queue, "--channel", channel, "--rate", String(rate)];
  const program = start("the Python senders", "bench/faults/steady_senders.py", args);
  const { senders } = await program.event("ready");
  return {
    names: senders as readonly string[],
    send: () => program.send({ op: "send" }),
    async finish() {
      program.send({ op: "stop" });
      const { times } = await program.event("stopped");
      program.send({ op: "barrier" });
      return Object.entries(times as Record<string, readonly (number | null)[]>).map((entry) => pythonSent(...entry));
    },
    end: () => endProgram(program),
  };
}
