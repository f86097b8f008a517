import test from "ava";
import type { Redis } from "ioredis";
import { silence } from "../../../src/bus/redis/quiet.js";

/** A server that answers AUTH and INFO so; an Error is refused. */
function client(answers: Readonly<Record<string, string | Error>>) {
  const sent: string[] = [];
  const command =
    (name: string) =>
    async (...args: unknown[]) => {
      const line = [name, ...args.flat()].join(" ");
      sent.push(line);
      const answer = answers[line] ?? new Error(`unexpected: ${line}`);
      if (answer instanceof Error) {
        throw answer;
      }
      return answer;
    };
  const silenced = silence({ auth: command("AUTH"), info: command("INFO") } as unknown as Redis);
  return { sent, ...(silenced as unknown as Record<"auth" | "info", (...args: unknown[]) => Promise<unknown>>) };
}

const NOT_WANTED = "ERR AUTH <password> called without any password configured for the default user";
const OLD = "ERR wrong number of arguments for 'auth' command";

for (const [what, answers, sent, reply] of [
  ["a password that nobody wants", { "AUTH u pw": new Error(NOT_WANTED) }, ["AUTH u pw"], "OK"],
  ["a user name before Redis 6", { "AUTH u pw": new Error(OLD), "AUTH pw": "OK" }, ["AUTH u pw", "AUTH pw"], "OK"],
  [
    "a login that nobody wants before Redis 6",
    { "AUTH u pw": new Error(OLD), "AUTH pw": new Error("ERR Client sent AUTH, but no password is set") },
    ["AUTH u pw", "AUTH pw"],
    "OK",
  ],
] as const) {
  test(`ioredis is told that it is logged in, by promise and by callback: ${what}`, async (t) => {
    const redis = client(answers);
    t.is(await redis.auth(["u", "pw"]), reply);
    t.deepEqual(redis.sent, sent);
    t.deepEqual(await new Promise((resolve) => void redis.auth(["u", "pw"], (...args: unknown[]) => resolve(args))), [
      null,
      reply,
    ]);
  });
}

test("a wrong password is refused, and leaves no unhandled rejection where a callback is told", async (t) => {
  const refusal = new Error("WRONGPASS");
  const redis = client({ "AUTH pw": refusal });
  await t.throwsAsync(redis.auth("pw"), { is: refusal });
  t.is(await new Promise((resolve) => void redis.auth("pw", resolve)), refusal);
  await new Promise((resolve) => setImmediate(resolve));
});

test("who may not ask for INFO gets nothing, and everyone else what there is", async (t) => {
  const asked = (redis: ReturnType<typeof client>) =>
    new Promise((resolve) => void redis.info((error: unknown, reply: unknown) => resolve(error ?? reply)));
  t.is(await asked(client({ INFO: new Error("NOPERM this user has no permissions to run the 'info' command") })), "");
  t.is(await asked(client({ INFO: "loading:0" })), "loading:0");
  const failure = new Error("NOAUTH");
  t.is(await asked(client({ INFO: failure })), failure);
  const denied = client({ "INFO replication": new Error("NOPERM") });
  await t.throwsAsync(denied.info("replication"), { message: "NOPERM" });
  t.is(await client({ "INFO replication": "role:master" }).info("replication"), "role:master");
});
