import { createEmitter } from "socketio-python-bridge";
import type { ServerToClientEvents } from "./events.js";

const { SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;

const emitter = createEmitter<ServerToClientEvents>(SOCKETIO_QUEUE);
const job = emitter.to("job-7");
await job.emit("progress", { job: 7, percent: 50 });
await job.emit("done", 7, ["report.pdf", "report.csv"]);
await emitter.close();
