// A round-robin load balancer for TCP. Clients that use WebSocket alone need no sticky sessions.
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream";

const { PORT = 3000, SERVER_1_URL = "http://127.0.0.1:3001", SERVER_2_URL = "http://127.0.0.1:3002" } = process.env;

const servers = [new URL(SERVER_1_URL), new URL(SERVER_2_URL)];
let connections = 0;

createServer((client) => {
  const { hostname, port } = servers[connections % servers.length];
  connections += 1;
  const server = connect(Number(port), hostname);
  pipeline(client, server, client, () => {}); // either end closes both
}).listen(PORT, "127.0.0.1", () => console.log(`listening on port ${PORT}`));
