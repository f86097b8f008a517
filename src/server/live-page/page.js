/** The live page: its connection, its rooms and the two forms. Events go to the feed. */
import { createFeed } from "/feed.js";
import { parseArguments, showError } from "/form.js";
import { element, formatPython, plural } from "/format.js";
import { io } from "/socket.io/socket.io.esm.min.js";

const ACK_TIMEOUT_MS = 5_000;
const OWN_PREFIX = "bridge:";

/** @param {string} id @returns {any} */
function byId(id) {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`There is no #${id} on this page`);
  }
  return found;
}

const socket = io();
const feed = createFeed(byId);

// --- connection -----------------------------------------------------------------------------------------------------

/**
 * @param {"connecting" | "connected" | "reconnecting" | "disconnected"} state
 * @param {string} trouble what is wrong and what to do about it, or ""
 */
function showState(state, trouble = "") {
  byId("state").textContent = state;
  byId("state").dataset.state = state;
  byId("facts").hidden = state !== "connected";
  byId("reconnect").hidden = state !== "disconnected";
  byId("trouble").hidden = trouble === "";
  byId("trouble").classList.toggle("final", state === "disconnected");
  byId("trouble-text").textContent = trouble;
  showRooms();
}

function showTransport() {
  byId("transport").textContent = socket.io.engine.transport.name;
}

/** Tells a lost connection from one that could not be made yet. */
let wasConnected = false;

function showAttempt(attempt = 1) {
  const state = wasConnected ? "reconnecting" : "connecting";
  const often = attempt > 1 ? ` (attempt ${attempt})` : "";
  showState(state, `The server does not respond; retrying${often}. Is it still running?`);
}

socket.on("connect", () => {
  wasConnected = true;
  byId("sid").textContent = socket.id;
  showTransport();
  showState("connected");
  socket.io.engine.once("upgrade", showTransport);
});
socket.on("disconnect", () => {
  roomsToRejoin ??= rooms;
  notice = undefined;
  if (socket.active) {
    showAttempt();
  } else {
    showState("disconnected", "The server closed this connection.");
  }
});
socket.on("connect_error", (error) => {
  if (!socket.active) {
    showState("disconnected", `The server refused this connection: ${error.message}`);
  } else if (!wasConnected) {
    showAttempt();
  }
});
socket.io.on("reconnect_attempt", showAttempt);
byId("reconnect").addEventListener("click", () => {
  showState("connecting");
  socket.connect();
});

// --- events from the server ----------------------------------------------------------------------------------------

socket.on("bridge:hello", (hello) => {
  byId("snippet").replaceChildren(formatPython(hello.snippet));
  byId("copy").disabled = false;
  setRooms(hello.rooms);
  rejoinRooms();
});
socket.on("bridge:rooms", (changed) => setRooms(changed.rooms));

/** The latest delivery notice, which belongs to the very next event. */
let notice;
socket.on("bridge:delivery", (delivery) => {
  notice = delivery;
});
socket.onAny((event, ...args) => {
  if (event.startsWith(OWN_PREFIX)) {
    return;
  }
  const delivery = notice?.event === event ? notice : undefined;
  notice = undefined;
  const acknowledge = typeof args.at(-1) === "function" ? args.pop() : undefined;
  acknowledge?.("ok");
  feed.add({
    event,
    args,
    rooms: roomsOf(delivery),
    origin: delivery?.origin ?? "direct",
    host: delivery?.origin === "channel" ? (delivery.hostId ?? "").slice(0, 8) : "",
    time: new Date(),
    acknowledged: acknowledge !== undefined,
  });
});

/** @param {{ rooms: string[] | null } | undefined} delivery `undefined` if the event was sent to this socket only */
function roomsOf(delivery) {
  if (delivery === undefined || (delivery.rooms?.length === 1 && delivery.rooms[0] === socket.id)) {
    return "this page";
  }
  return delivery.rooms ?? "everyone";
}

// --- rooms ----------------------------------------------------------------------------------------------------------

/** @type {string[]} as last reported by the server */
let rooms = [];
/** @type {string[] | undefined} the rooms before the connection was lost: a new connection starts in the lobby only */
let roomsToRejoin;

/** @param {string[]} now */
function setRooms(now) {
  rooms = now;
  showRooms();
}

function showRooms() {
  const list = byId("rooms");
  const shown = new Map([...list.children].map((chip) => [chip.dataset.room, chip]));
  // Chips that stay are reused, so that one with the keyboard focus keeps it.
  for (const [room, chip] of shown) {
    if (!rooms.includes(room)) {
      removeChip(chip);
    }
  }
  for (const room of rooms) {
    if (!shown.has(room)) {
      list.append(roomChip(room));
    }
  }
  list.classList.toggle("stale", !socket.connected);
  byId("no-rooms").hidden = rooms.length > 0 || !socket.connected;
  byId("room-names").replaceChildren(...rooms.map((room) => element("option", { value: room })));
}

/** @param {HTMLElement} chip */
function removeChip(chip) {
  const hadFocus = chip.contains(document.activeElement);
  const next = chip.nextElementSibling ?? chip.previousElementSibling;
  chip.remove();
  if (hadFocus) {
    (next?.querySelector("button") ?? byId("join-room")).focus();
  }
}

/** @param {string} room */
function roomChip(room) {
  const leave = element("button", { type: "button", "aria-label": `Leave ${room}`, title: "Leave" }, "×");
  leave.addEventListener("click", async () => {
    const error = await request("bridge:leave", room);
    showError(byId("join-room"), byId("join-error"), error);
  });
  return element(
    "li",
    { class: "room", "data-testid": "room", "data-room": room },
    element("span", { class: "room-name", title: room }, room),
    leave,
  );
}

function rejoinRooms() {
  const wanted = roomsToRejoin;
  if (wanted === undefined) {
    return;
  }
  const moves = [
    ...wanted.filter((room) => !rooms.includes(room)).map((room) => request("bridge:join", room)),
    ...rooms.filter((room) => !wanted.includes(room)).map((room) => request("bridge:leave", room)),
  ];
  void Promise.all(moves).then((errors) => {
    roomsToRejoin = undefined;
    showError(byId("join-room"), byId("join-error"), errors.find((error) => error !== "") ?? "");
  });
}

/**
 * @param {string} event
 * @param {unknown} argument
 * @returns {Promise<string>} an error, or ""
 */
async function request(event, argument) {
  if (!socket.connected) {
    return "Not connected to the server.";
  }
  try {
    const reply = await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, argument);
    return reply.ok ? "" : reply.error;
  } catch {
    return "The server did not reply.";
  }
}

byId("join-form").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const field = byId("join-room");
  const room = field.value.trim();
  const error = room === "" ? "Enter the name of a room." : await request("bridge:join", room);
  showError(field, byId("join-error"), error);
  if (error === "") {
    field.value = "";
  }
  field.focus();
});

// --- sending --------------------------------------------------------------------------------------------------------

function readArguments() {
  const parsed = parseArguments(byId("args").value);
  showError(byId("args"), byId("args-error"), "error" in parsed ? parsed.error : "");
  return "args" in parsed ? parsed.args : undefined;
}

byId("send-form").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  byId("sent").textContent = "";
  const event = byId("event").value.trim();
  const room = byId("room").value.trim();
  showError(byId("event"), byId("event-error"), event === "" ? "An event needs a name." : "");
  const args = readArguments();
  if (event === "" || args === undefined) {
    byId(event === "" ? "event" : "args").focus();
    return;
  }
  const error = await request("bridge:send", { event, args, room: room === "" ? null : room });
  byId("send-error").textContent = error;
  if (error === "") {
    const what = args.length === 0 ? "no arguments" : plural(args.length, "argument");
    byId("sent").textContent = `Sent ${event} with ${what} to ${room === "" ? "everyone" : room}.`;
  }
});

// An error disappears as soon as the field is valid again, but only appears on sending.
byId("args").addEventListener("input", () => {
  if (byId("args-error").textContent !== "") {
    readArguments();
  }
});
byId("event").addEventListener("input", () => showError(byId("event"), byId("event-error"), ""));
byId("join-room").addEventListener("input", () => showError(byId("join-room"), byId("join-error"), ""));
byId("args").addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.shiftKey && !key.isComposing) {
    key.preventDefault();
    byId("send-form").requestSubmit();
  }
});

// --- snippet --------------------------------------------------------------------------------------------------------

let copiedTimer = 0;
byId("copy").addEventListener("click", async () => {
  const snippet = byId("snippet");
  const label = byId("copy").firstChild;
  try {
    // The final line break executes the last line in a Python shell.
    await navigator.clipboard.writeText(`${snippet.textContent}\n`);
    label.textContent = "Copied";
    byId("copied").textContent = "The snippet has been copied.";
  } catch {
    // Over plain HTTP, browsers give access to the clipboard only on localhost.
    getSelection()?.selectAllChildren(snippet);
    label.textContent = "Press Ctrl+C";
    byId("copied").textContent = "The snippet is selected; press Ctrl+C to copy it.";
  }
  clearTimeout(copiedTimer);
  copiedTimer = setTimeout(() => {
    label.textContent = "Copy";
    byId("copied").textContent = "";
  }, 2_500);
});
