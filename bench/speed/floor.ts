import { once } from "node:events";
import { connect } from "node:net";

/** The counting subscriber reports its count after this many messages, which costs it next to nothing. */
export const FLOOR_REPORT_INTERVAL = 16;

/** The count of the subscriber that only counts. It writes the total, one number a line. */
export interface Floor {
  readonly count: number;
  onCount: () => void;
}

export async function watchFloor(port: number): Promise<Floor> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const floor = { count: 0, onCount: (): void => {} };
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    const lines = (text + chunk.toString("latin1")).split("\n");
    text = lines.pop() ?? "";
    const last = lines.at(-1);
    if (last !== undefined) {
      floor.count = Number(last);
      floor.onCount();
    }
  });
  return floor;
}
