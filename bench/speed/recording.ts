import type { Program } from "../../src/testing/program.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { EmitOperation, NodeEmitter } from "./emitter-process.js";
import { EVENT, NUMBER_FIELD, payloadOf, TIME_FIELD } from "./payload.js";
import { benchPython } from "./python-interpreter.js";
import type { SenderName, SystemName } from "./systems.js";
import { openTap, type Tap } from "./tap.js";

/** A command to Redis as its emitter wrote it, with the offsets at which number and time are overwritten. */
export interface Recording {
  readonly bytes: Buffer;
  readonly numberAt: number;
  readonly timeAt: number;
}

/** The emitter that writes what the system reads. */
function emitterOf(system: SystemName, sender: SenderName): NodeEmitter | "python" {
  if (system === "redis-adapter" || system === "sharded" || system === "streams") {
    return system;
  }
  return sender === "emitter" ? "bridge" : "python";
}

/** Has the real emitters write each message once, and keeps the bytes. */
export class Recorder {
  readonly #tap: Tap;
  readonly #node: Program;
  readonly #python: Program;
  readonly #recordings = new Map<string, Recording>();

  private constructor(tap: Tap, channel: string) {
    this.#tap = tap;
    this.#node = startProgram({
      title: "the Node emitters",
      command: process.execPath,
      args: ["build/bench/speed/emitter-process.js", tap.url, channel],
    });
    this.#python = startProgram({
      title: "the Python emitter",
      command: benchPython(),
      args: ["bench/speed/emit.py", tap.url, channel],
    });
  }

  static async start(redisPort: number, channel: string): Promise<Recorder> {
    return new Recorder(await openTap(redisPort), channel);
  }

  /** @throws Error when the emitter does not emit */
  async record(system: SystemName, sender: SenderName, room: string, bytes: number): Promise<Recording> {
    const emitter = emitterOf(system, sender);
    const key = `${emitter} ${room} ${bytes}`;
    const recording = this.#recordings.get(key) ?? (await this.#recordNow(emitter, room, bytes));
    this.#recordings.set(key, recording);
    return recording;
  }

  async end(): Promise<void> {
    await Promise.all([endProgram(this.#node), endProgram(this.#python)]);
    this.#tap.close();
  }

  async #recordNow(emitter: NodeEmitter | "python", room: string, bytes: number): Promise<Recording> {
    this.#tap.forget();
    if (emitter === "python") {
      this.#python.send({ room, event: EVENT, data: payloadOf(bytes) });
    } else {
      const operation: EmitOperation = { system: emitter, room, bytes };
      this.#node.send({ ...operation });
    }
    const command = await this.#tap.command(NUMBER_FIELD);
    return { bytes: command, numberAt: command.indexOf(NUMBER_FIELD), timeAt: command.indexOf(TIME_FIELD) };
  }
}
