import type { Line, Program } from "../../src/testing/program.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { Case } from "./cases.js";
import { cpuTime, type Prefix } from "./cpu.js";
import type { LoadOperation } from "./load-process.js";
import { benchPython } from "./python-interpreter.js";
import type { Recording } from "./recording.js";
import type { LoadRun } from "./sender.js";
import { isPython, type SystemName } from "./systems.js";

/** The idle rooms are spread over this many clients. */
const IDLE_CLIENTS = 10;

/** For the messages of a run to arrive. */
const RUN_TIMEOUT_MS = 60_000;

export const ROOM = "room";
export const EMPTY_ROOM = "nobody-is-here";
/** Size of the messages to the clients when the load itself goes to an empty room. */
export const MARKER_BYTES = 100;

export interface Setting {
  readonly system: SystemName;
  readonly redis: { readonly url: string; readonly port: number };
  readonly channel: string;
  /** Command prefix that pins the measured process to a processor of its own. */
  readonly prefix: Prefix;
}

/** In bytes. */
export interface Memory {
  readonly rss: number;
  /** Used by JavaScript objects; null where the runtime cannot tell. */
  readonly heap: number | null;
}

/** The measured process, and what it costs. */
export class MeasuredServer {
  readonly program: Program;
  readonly port: number;

  private constructor(program: Program, port: number) {
    this.program = program;
    this.port = port;
  }

  /** @param flags - for Node */
  static async start(
    { system, redis, channel, prefix }: Setting,
    flags: readonly string[] = [],
  ): Promise<MeasuredServer> {
    const url = `${redis.url}/0`;
    const own = isPython(system)
      ? [benchPython(), "bench/speed/server.py", system, url, channel]
      : [
          process.execPath,
          "--expose-gc",
          ...flags,
          "build/bench/speed/server-process.js",
          JSON.stringify({ system, url, channel }),
        ];
    const [command = "", ...args] = [...prefix, ...own];
    const env = { PYTHONPATH: "python-fixtures", PYTHONUNBUFFERED: "1", NODE_ENV: "production" };
    const program = startProgram({ title: system, command, args, env });
    try {
      const { port } = await program.event("ready");
      return new MeasuredServer(program, port as number);
    } catch (error) {
      await program.kill();
      throw error;
    }
  }

  cpu(): number {
    return cpuTime(this.program.pid ?? 0);
  }

  /** After a garbage collection. */
  async memory(): Promise<Memory> {
    const { rss, heap } = await this.program.sendAndWait({ op: "memory" }, "memory");
    return { rss: rss as number, heap: heap as number | null };
  }

  end(): Promise<void> {
    return endProgram(this.program);
  }
}

/** The process with the clients and the sender. */
export class Load {
  readonly program: Program;

  constructor() {
    this.program = startProgram({
      title: "load",
      command: process.execPath,
      args: ["build/bench/speed/load-process.js"],
    });
  }

  send(operation: LoadOperation): void {
    this.program.send({ ...operation });
  }

  async sendAndWait(operation: LoadOperation, event: string, timeout?: number): Promise<Line> {
    return this.program.sendAndWait({ ...operation }, event, timeout);
  }

  /** @throws Error when the run does not end */
  async run(operation: LoadOperation & { readonly op: "saturate" | "pace" }): Promise<LoadRun> {
    return (await this.sendAndWait(operation, "ran", operation.time + RUN_TIMEOUT_MS)) as unknown as LoadRun;
  }

  end(): Promise<void> {
    return endProgram(this.program);
  }
}

export interface Recordings {
  readonly load: Recording;
  readonly marker: Recording | undefined;
}

const wire = ({ bytes, numberAt, timeAt }: Recording) => ({ bytes: bytes.toString("base64"), numberAt, timeAt });

/** A server with its clients, all of which receive what is sent to their room. */
export class Session {
  readonly server: MeasuredServer;
  readonly load: Load;

  private constructor(server: MeasuredServer, load: Load) {
    this.server = server;
    this.load = load;
  }

  static async open(setting: Setting, measured: Case, { load, marker }: Recordings): Promise<Session> {
    const server = await MeasuredServer.start(setting);
    const session = new Session(server, new Load());
    try {
      await session.#connect(setting, measured);
      session.load.send({ op: "load", ...wire(load) });
      if (marker !== undefined && setting.system !== "floor") {
        session.load.send({ op: "marker", ...wire(marker) });
      }
      if (measured.sender === "host") {
        session.load.send({ op: "from-host", room: ROOM, bytes: measured.bytes });
      }
      if (setting.system !== "floor") {
        const bytes = marker === undefined ? measured.bytes : MARKER_BYTES;
        await session.load.sendAndWait({ op: "check", port: session.server.port, room: ROOM, bytes }, "checked");
      }
      await session.load.sendAndWait({ op: "probe" }, "probed");
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    await Promise.all([this.server.end(), this.load.end()]);
  }

  #connect({ system, redis }: Setting, { recipients, otherRooms, idleRooms }: Case) {
    const isFloor = system === "floor";
    const idle = idleRooms > 0 ? IDLE_CLIENTS : 0;
    return this.load.sendAndWait(
      {
        op: "open",
        redisPort: redis.port,
        port: this.server.port,
        kind: isFloor ? "count" : "clients",
        clients: isFloor ? 0 : recipients,
        rooms: [ROOM],
        otherRooms,
        idle,
        idleRooms: idle > 0 ? Math.round(idleRooms / idle) : 0,
      },
      "opened",
    );
  }
}
