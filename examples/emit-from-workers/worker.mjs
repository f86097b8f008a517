// A worker in Node.
import { createEmitter } from "socketio-python-bridge";

const { SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;

const emitter = createEmitter(SOCKETIO_QUEUE, { channel: "flask-socketio" });
for (const percent of [50, 100]) {
  await emitter.to("job-7").emit("progress", { worker: "Node", percent });
}
await emitter.close();
