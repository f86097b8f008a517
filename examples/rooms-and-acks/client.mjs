// Alice is a client of the Node host, Bob one of the Python host. Both are in the room "lobby".
import { io } from "socket.io-client";

const { NODE_URL = "http://127.0.0.1:3000", PYTHON_URL = "http://127.0.0.1:5000" } = process.env;

async function join(name, url) {
  const socket = io(url);
  socket.on("question", (_question, acknowledge) => acknowledge(`${name} does`));
  await socket.emitWithAck("join", "lobby");
  return socket;
}

const [alice, bob] = await Promise.all([join("Alice", NODE_URL), join("Bob", PYTHON_URL)]);

// A Python host subscribes to the channel when its first client connects: repeat the question until it has done so.
let answers = [];
while (answers.length < 2) {
  answers = await alice.emitWithAck("ask", "lobby", "Who likes tea?");
}
console.log("the room, asked by Node:", answers.toSorted().join(", "));
console.log("Bob, asked by Node:", ...(await alice.emitWithAck("ask", bob.id, "And coffee?")));
console.log("Alice, asked by Python:", await bob.emitWithAck("ask", alice.id, "And coffee?"));

alice.disconnect();
bob.disconnect();
