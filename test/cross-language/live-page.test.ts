import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import test from "ava";
import { type Browser, chromium, type Page } from "playwright-core";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { startServe } from "../helpers/process.js";

/** A browser that talks to this machine alone. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Browser;

test.before(async () => {
  browser = await chromium.launch({ executablePath: testEnvironment().chromium, args: ARGUMENTS });
});
test.after.always(() => browser?.close());

/** Runs what a person would paste. */
function runPython(code: string): void {
  execFileSync(testEnvironment().python, ["-c", code], { stdio: ["ignore", "inherit", "inherit"] });
}

async function openPage(url: string, options = {}): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage(options);
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(url);
  await page.waitForSelector("[data-testid=state][data-state=connected]");
  return { page, problems };
}

const texts = (page: Page, testId: string) => page.locator(`[data-testid=${testId}]`).allInnerTexts();

test.serial("the snippet on the page, run in Python, shows up on the page", async (t) => {
  const server = await startServe(t, ["--demo"]);
  const { page, problems } = await openPage(server.url);
  const snippet = await page.locator("[data-testid=snippet]").innerText();
  t.true(server.stdout.items.join("\n").includes(`\n${snippet}\n`), "as it is printed, ready to paste");
  runPython(snippet);
  const row = page.locator("[data-testid=event]", { hasText: "hello" });
  await row.waitFor();
  t.is(await row.locator("[data-testid=event-name]").innerText(), "hello");
  t.is(await row.locator("[data-testid=event-room]").innerText(), "lobby");
  t.is(await row.locator("[data-testid=event-args]").innerText(), '{"from": "Python"}');
  t.regex(await row.locator("[data-testid=event-time]").innerText(), /^\d\d:\d\d:\d\d\.\d\d\d$/);
  t.regex(await row.locator("[data-testid=event-origin]").innerText(), /Python or another host/);
  mkdirSync("build/screenshots", { recursive: true });
  await page.screenshot({ path: "build/screenshots/live-page.png", fullPage: true });
  t.deepEqual(problems, []);
  await page.close();
});

test.serial("rooms are joined and left on the page, and decide what it gets from Python", async (t) => {
  const server = await startServe(t, ["--demo"]);
  const { page, problems } = await openPage(server.url);
  const python = (...lines: string[]) =>
    runPython(
      [
        "import socketio",
        `m = socketio.RedisManager(${JSON.stringify(server.queue)}, write_only=True)`,
        ...lines,
        'm.emit("barrier")'.replace(")", ", None)"),
      ].join("\n"),
    );
  await page.fill("#join-room", "orders");
  await page.press("#join-room", "Enter");
  await page.waitForSelector("[data-testid=room][data-room=orders]");
  python('m.emit("in orders", 1, room="orders")', 'm.emit("elsewhere", 2, room="nowhere")');
  await page.locator("[data-testid=event]", { hasText: "barrier" }).waitFor();
  t.deepEqual((await texts(page, "event-name")).sort(), ["barrier", "in orders"]);
  t.deepEqual((await texts(page, "event-room")).sort(), ["everyone", "orders"]);

  await page.locator("[data-testid=clear]").click();
  await page.locator("[data-testid=room][data-room=orders] button").click();
  await page.waitForSelector("[data-testid=room][data-room=orders]", { state: "detached" });
  python('m.emit("in orders", 3, room="orders")');
  await page.locator("[data-testid=event]", { hasText: "barrier" }).waitFor();
  t.deepEqual(await texts(page, "event-name"), ["barrier"]);
  t.deepEqual(problems, []);
  await page.close();
});

test.serial("by keyboard alone, an event is sent from one page to another, on a phone's screen", async (t) => {
  const server = await startServe(t, ["--demo"]);
  const phone = { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true };
  const [sender, receiver] = [await openPage(server.url, phone), await openPage(server.url)];
  await sender.page.focus("#event");
  await sender.page.keyboard.press("ControlOrMeta+A");
  await sender.page.keyboard.type("greeting");
  await sender.page.keyboard.press("Tab");
  await sender.page.keyboard.press("ControlOrMeta+A");
  await sender.page.keyboard.type('{"n": 1}, "<b>two</b>"');
  await sender.page.keyboard.press("Enter");
  const row = receiver.page.locator("[data-testid=event]", { hasText: "greeting" });
  await row.waitFor();
  t.regex(await row.innerText(), /<b>two<\/b>/);
  t.regex(await row.locator("[data-testid=event-origin]").innerText(), /this node/);
  const width = await sender.page.evaluate("document.documentElement.scrollWidth");
  t.true(Number(width) <= 360, `the page is ${width} pixels wide on a screen of 360`);
  t.deepEqual([...sender.problems, ...receiver.problems], []);
  await sender.page.screenshot({ path: "build/screenshots/live-page-phone.png", fullPage: true });
  await Promise.all([sender.page.close(), receiver.page.close()]);
});
