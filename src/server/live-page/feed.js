/** The list of events: the last 200, newest first, drawn at most ten times a second. */
import { element, formatValue, plural } from "/format.js";

const MAX_ROWS = 200;
const DRAW_EVERY_MS = 100;
/** Screen readers get a summary at most this often. */
const SUMMARY_EVERY_MS = 4_000;
/** Taller arguments are folded behind a button. */
const FOLD_ABOVE_PX = 220;

/**
 * @typedef {object} Arrival
 * @property {string} event
 * @property {unknown[]} args
 * @property {string[] | "everyone" | "this page"} rooms
 * @property {"channel" | "local" | "direct"} origin
 * @property {string} host the short id of the host that emitted it, or ""
 * @property {Date} time
 * @property {boolean} acknowledged whether the sender asked for an acknowledgement, which this page sent
 */

const ORIGINS = { channel: "Python or another host", local: "this node", direct: "this connection only" };

/** @param {(id: string) => HTMLElement} byId */
export function createFeed(byId) {
  const rows = byId("rows");
  const scroll = byId("scroll");
  /** @type {Arrival[]} not drawn yet, oldest first */
  let waiting = [];
  let total = 0;
  let held = 0;
  let paused = false;
  let drawTimer = 0;
  let lastDrawn = 0;

  const summary = createSummary(byId("news"));

  /** @param {Arrival} arrival */
  function add(arrival) {
    total += 1;
    held += paused ? 1 : 0;
    waiting.push(arrival);
    if (waiting.length > MAX_ROWS) {
      waiting.shift();
    }
    if (!paused) {
      summary.add(arrival);
    }
    schedule();
  }

  function schedule() {
    if (drawTimer === 0) {
      drawTimer = setTimeout(draw, Math.max(0, lastDrawn + DRAW_EVERY_MS - performance.now()));
    }
  }

  function draw() {
    clearTimeout(drawTimer);
    drawTimer = 0;
    lastDrawn = performance.now();
    if (!paused && waiting.length > 0) {
      const width = scroll.clientWidth < 560 ? 36 : 76;
      const added = waiting.map((arrival) => row(arrival, width)).reverse();
      waiting = [];
      rows.prepend(...added);
      while (rows.childElementCount > MAX_ROWS) {
        rows.lastElementChild?.remove();
      }
      fold(added);
    }
    byId("empty").hidden = total > 0;
    byId("count").textContent = describeCount(total);
    byId("held").hidden = !paused;
    byId("held").textContent =
      held === 0 ? "Paused. New events are counted, not shown." : `Paused. ${plural(held, "new event")} not shown yet.`;
  }

  byId("pause").addEventListener("click", (click) => {
    paused = !paused;
    held = 0;
    /** @type {HTMLElement} */ (click.currentTarget).textContent = paused ? "Resume" : "Pause";
    draw();
  });
  byId("clear").addEventListener("click", () => {
    waiting = [];
    total = 0;
    held = 0;
    rows.replaceChildren();
    draw();
  });
  draw();

  return { add };
}

/** @param {number} total */
function describeCount(total) {
  return total > MAX_ROWS ? `${total.toLocaleString("en")}, the last ${MAX_ROWS} shown` : total.toLocaleString("en");
}

/** @param {Arrival} arrival @param {number} width */
function row(arrival, width) {
  const { event, rooms, origin, host, time } = arrival;
  const from = element("span", { class: "row-origin", "data-testid": "event-origin" }, ORIGINS[origin]);
  if (host !== "") {
    from.append(" ", element("code", { title: "The first 8 digits of the sender's host id" }, host));
  }
  return element(
    "li",
    { class: "row", "data-testid": "event", "data-origin": origin },
    element(
      "p",
      { class: "row-head" },
      element("strong", { class: "row-name", "data-testid": "event-name" }, event),
      screenReaderOnly(" to "),
      element("span", { class: "row-rooms", "data-testid": "event-room" }, ...target(rooms)),
    ),
    screenReaderOnly(" from "),
    from,
    screenReaderOnly(" at "),
    element("time", { class: "row-time", "data-testid": "event-time", datetime: time.toISOString() }, clock(time)),
    element(
      "div",
      { class: "row-body" },
      element("div", { class: "row-args", "data-testid": "event-args" }, ...values(arrival, width)),
    ),
  );
}

/** Words for screen readers that the layout makes unnecessary for others. @param {string} text */
function screenReaderOnly(text) {
  return element("span", { class: "hidden" }, text);
}

/** A room that is called "everyone" looks different from everyone. @param {Arrival["rooms"]} rooms */
function target(rooms) {
  return typeof rooms === "string"
    ? [element("span", { class: "no-room" }, rooms)]
    : rooms.flatMap((room, index) => [
        ...(index > 0 ? [screenReaderOnly(", ")] : []),
        element("span", { class: "in-room" }, room),
      ]);
}

/** @param {Arrival} arrival @param {number} width */
function values({ args, acknowledged }, width) {
  const shown = args.map((value) => element("pre", { class: "value" }, formatValue(value, width)));
  if (args.length === 0) {
    shown.push(element("p", { class: "row-note" }, "no arguments"));
  }
  if (acknowledged) {
    shown.push(element("p", { class: "row-note" }, 'The sender asked for an acknowledgement; this page sent "ok".'));
  }
  return shown;
}

/** Local time, independent of the locale so that milliseconds always line up. @param {Date} time */
function clock(time) {
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const seconds = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${seconds}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/**
 * Folds rows that are too tall. All heights are read before anything is changed, so the browser does one layout.
 *
 * @param {HTMLElement[]} added
 */
function fold(added) {
  const tall = added
    .map((item) => item.querySelector(".row-args"))
    .filter((args) => args !== null && args.scrollHeight > FOLD_ABOVE_PX);
  for (const args of tall) {
    args.classList.add("folded");
    const button = element("button", { type: "button", class: "unfold", "aria-expanded": "false" }, "Show all");
    button.addEventListener("click", () => {
      const folded = args.classList.toggle("folded");
      button.textContent = folded ? "Show all" : "Show less";
      button.setAttribute("aria-expanded", String(!folded));
    });
    args.after(button);
  }
}

/** A sentence for screen readers every few seconds. @param {HTMLElement} status */
function createSummary(status) {
  let count = 0;
  /** @type {Arrival | undefined} */
  let latest;
  let timer = 0;

  function announce() {
    timer = 0;
    if (latest === undefined) {
      return;
    }
    const { event, rooms, origin } = latest;
    const what = `${event} to ${typeof rooms === "string" ? rooms : rooms.join(", ")}, from ${ORIGINS[origin]}`;
    status.textContent = count === 1 ? `New event: ${what}` : `${plural(count, "new event")}, the latest ${what}`;
    count = 0;
    latest = undefined;
    // Events until then are summed up in the next announcement.
    timer = setTimeout(announce, SUMMARY_EVERY_MS);
  }

  return {
    /** @param {Arrival} arrival */
    add(arrival) {
      count += 1;
      latest = arrival;
      if (timer === 0) {
        announce();
      }
    },
  };
}
