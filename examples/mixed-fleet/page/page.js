/** Opens eight clients, and shows which host holds each of them and what they receive. */
import { io } from "/socket.io/socket.io.esm.min.js";

const CLIENTS = 8;
const ROOM = "lobby";
const MAX_ROWS = 50;

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/** @param {string} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** @type {{ socket: any, name: string, chip: HTMLElement, host: string, received: Map<string, number> }[]} */
const clients = [];
let sender = 0;

function showState() {
  const connected = clients.filter(({ socket, host }) => socket.connected && host !== "").length;
  byId("state").textContent = `${connected} of ${clients.length} clients connected`;
  byId("state").classList.toggle("all", connected === clients.length);
}

// --- clients and hosts ----------------------------------------------------------------------------------------------

/** @param {{ host: string, server: string }} info @returns {HTMLElement} the list of its clients */
function hostCard({ host, server }) {
  const id = `host-${host}`;
  if (byId(id) === null) {
    const list = element("div", { class: "clients", id });
    const kind = server.startsWith("Flask") ? "python" : "node";
    const card = element("li", { class: `host ${kind}`, "data-testid": "host" });
    card.append(element("h3", {}, host), element("p", { class: "hint" }, server), list);
    const next = [...byId("hosts").children].find((other) => other.querySelector("h3").textContent > host);
    byId("hosts").insertBefore(card, next ?? null);
  }
  return byId(id);
}

/** @param {number} index */
function choose(index) {
  sender = index;
  byId("sender").textContent = clients[index].name;
  for (const { chip } of clients) {
    chip.setAttribute("aria-pressed", String(chip === clients[index].chip));
  }
}

function addClient() {
  const index = clients.length;
  const name = String(index + 1);
  // Two of eight use polling, as behind a proxy without WebSocket support. A browser opens at most six connections
  // to a host, and each polling client needs one.
  const transport = index === 2 || index === 7 ? "polling" : "websocket";
  // nginx assigns the host by this name, or without it by a cookie, which all clients of a browser share.
  const socket = io({ query: { client: name }, transports: [transport], forceNew: true });
  const chip = element("button", { type: "button", class: "client", "data-testid": "client" }, `${name} `);
  chip.append(element("small", {}, transport));
  chip.addEventListener("click", () => choose(index));
  const client = { socket, name, chip, host: "", received: new Map() };
  clients.push(client);
  socket.on("connect", async () => {
    const info = await socket.emitWithAck("whoami");
    await socket.emitWithAck("join", { room: ROOM });
    client.host = info.host;
    hostCard(info).append(chip);
    choose(sender);
    showState();
  });
  socket.on("disconnect", () => {
    client.host = "";
    chip.remove();
    showState();
  });
  socket.on("message", (message) => show(client, message));
  showState();
}

// --- messages -------------------------------------------------------------------------------------------------------

/** @type {Map<string, { reached: Set<string>, row: HTMLElement }>} */
const rows = new Map();

/** Groups what the clients receive by sender and text. If that pair repeats, each repetition is a row of its own. */
function show(client, { sid, text }) {
  const kind = JSON.stringify([sid ?? "", text]);
  const nth = (client.received.get(kind) ?? 0) + 1;
  client.received.set(kind, nth);
  const key = `${nth} ${kind}`;
  const entry = rows.get(key) ?? addRow(key, sid, String(text));
  entry.reached.add(client.name);
  entry.row.querySelector(".reach").textContent = `received by ${entry.reached.size} of ${clients.length} clients`;
  client.chip.classList.remove("receives");
  void client.chip.offsetWidth;
  client.chip.classList.add("receives");
}

function addRow(key, sid, text) {
  byId("empty").hidden = true;
  const from = clients.find(({ socket }) => socket.id === sid);
  const who = sid === undefined ? "a task" : "a client elsewhere";
  const row = element("li", { "data-testid": "message" }, element("strong", {}, text));
  row.append(
    element("span", { class: "from" }, from === undefined ? `from ${who}` : `from client ${from.name} on ${from.host}`),
    element("span", { class: "reach" }),
  );
  byId("received").prepend(row);
  const entry = { reached: new Set(), row };
  rows.set(key, entry);
  if (rows.size > MAX_ROWS) {
    const [[oldest, { row: last }]] = rows;
    rows.delete(oldest);
    last.remove();
  }
  return entry;
}

byId("send").addEventListener("submit", (event) => {
  event.preventDefault();
  clients[sender].socket.emit("say", { room: ROOM, text: byId("text").value });
});

byId("task").addEventListener("click", async () => {
  const body = JSON.stringify({ data: { text: byId("text").value }, room: ROOM });
  try {
    const response = await fetch("/tasks", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    byId("problem").textContent = response.ok ? "" : `The task was rejected: ${response.status}`;
  } catch (error) {
    byId("problem").textContent = `The task was rejected: ${error.message}`;
  }
});

byId("add").addEventListener("click", addClient);

for (let count = 0; count < CLIENTS; count += 1) {
  addClient();
}
