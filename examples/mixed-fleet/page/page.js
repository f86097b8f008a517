/** The page of the fleet: eight clients, the hosts that hold them, and what each of them hears. */
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

/** @type {{ socket: any, name: string, chip: HTMLElement, host: string, heard: Map<string, number> }[]} */
const clients = [];
let speaker = 0;

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
  speaker = index;
  byId("speaker").textContent = clients[index].name;
  for (const { chip } of clients) {
    chip.setAttribute("aria-pressed", String(chip === clients[index].chip));
  }
}

function addClient() {
  const index = clients.length;
  const name = String(index + 1);
  // Two of eight poll, as behind a proxy that knows no websockets; a browser has only six connections for that.
  const transport = index === 2 || index === 7 ? "polling" : "websocket";
  // nginx chooses by this name. Without it, by a cookie that all clients of a browser have in common.
  const socket = io({ query: { client: name }, transports: [transport], forceNew: true });
  const chip = element("button", { type: "button", class: "client", "data-testid": "client" }, `${name} `);
  chip.append(element("small", {}, transport));
  chip.addEventListener("click", () => choose(index));
  const client = { socket, name, chip, host: "", heard: new Map() };
  clients.push(client);
  socket.on("connect", async () => {
    const info = await socket.emitWithAck("whoami");
    await socket.emitWithAck("join", { room: ROOM });
    client.host = info.host;
    hostCard(info).append(chip);
    choose(speaker);
    showState();
  });
  socket.on("disconnect", () => {
    client.host = "";
    chip.remove();
    showState();
  });
  socket.on("message", (message) => hear(client, message));
  showState();
}

// --- what is said and heard -----------------------------------------------------------------------------------------

/** @type {Map<string, { reached: Set<string>, row: HTMLElement }>} */
const rows = new Map();

/** The same text by the same sender may come again: then it is the next of its kind, for every client. */
function hear(client, { sid, text }) {
  const kind = JSON.stringify([sid ?? "", text]);
  const nth = (client.heard.get(kind) ?? 0) + 1;
  client.heard.set(kind, nth);
  const key = `${nth} ${kind}`;
  const heard = rows.get(key) ?? addRow(key, sid, String(text));
  heard.reached.add(client.name);
  heard.row.querySelector(".reach").textContent = `heard by ${heard.reached.size} of ${clients.length} clients`;
  client.chip.classList.remove("hears");
  void client.chip.offsetWidth;
  client.chip.classList.add("hears");
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
  byId("heard").prepend(row);
  const heard = { reached: new Set(), row };
  rows.set(key, heard);
  if (rows.size > MAX_ROWS) {
    const [[oldest, { row: last }]] = rows;
    rows.delete(oldest);
    last.remove();
  }
  return heard;
}

byId("say").addEventListener("submit", (event) => {
  event.preventDefault();
  clients[speaker].socket.emit("say", { room: ROOM, text: byId("text").value });
});

byId("task").addEventListener("click", async () => {
  const body = JSON.stringify({ data: { text: byId("text").value }, room: ROOM });
  try {
    const response = await fetch("/tasks", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    byId("trouble").textContent = response.ok ? "" : `The task was not taken: ${response.status}`;
  } catch (error) {
    byId("trouble").textContent = `The task was not taken: ${error.message}`;
  }
});

byId("add").addEventListener("click", addClient);

for (let count = 0; count < CLIENTS; count += 1) {
  addClient();
}
