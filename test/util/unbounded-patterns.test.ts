import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import ts from "typescript";

/**
 * A pattern that repeats without a bound takes long for a long text, or overflows the stack of V8's regular expressions. So
 * each file with one says here what its texts are. Other files bound what they repeat, or do without a pattern.
 */
const BOUNDED_TEXTS: ReadonlyMap<string, string> = new Map([
  ["src/bus/core/heartbeat-monitor.ts", "at most 100 bytes"],
  ["src/bus/core/url.ts", "a URL of the operator"],
  ["src/bus/kombu/kombu-redis-bus.ts", "a URL of the operator"],
  ["src/bus/open.ts", "a URL of the operator"],
  ["src/bus/rabbitmq/connection.ts", "an error of amqplib, in which a reply of the broker has at most 255 bytes"],
  ["src/bus/redis/ioredis-cluster.ts", "a node that the application names"],
  ["src/bus/redis/sentinel.ts", "an error of ioredis"],
  ["src/bus/redis/slow-subscribers.ts", "a list that Redis writes; each line is read once"],
  ["src/bus/redis/sockets.ts", "at most 500 bytes"],
  ["src/bus/redis/url.ts", "a URL of the operator"],
  ["src/bus/zmq/envelope.ts", "at most 4,096 bytes"],
  ["src/bus/zmq/url.ts", "a URL of the operator"],
  ["src/cli/flags.ts", "arguments of the command"],
  ["src/protocol/json/scan-common-emit.ts", "at most 400 bytes"],
  ["src/server/check-origin.ts", "origins of the operator"],
  ["src/server/own-hosts.ts", "headers of HTTP, at most 16 KiB, and options of the operator"],
  ["src/server/python-snippet.ts", "a URL of the operator"],
  ["src/util/reason-key.ts", "at most 1,000 characters"],
  ["src/util/redact-url.ts", "a URL of the operator"],
]);

/** Without escapes and classes, in which these characters repeat nothing. */
const repeatsWithoutBound = (pattern: string): boolean =>
  /[*+]|\{\d+,\}/.test(pattern.replaceAll(/\\./gs, "x").replaceAll(/\[[^\]]*\]/g, "x"));

/** The patterns of a file: literals, and the strings of `new RegExp(…)`. */
function patternsOf(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const patterns: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      patterns.push(node.text.slice(1, node.text.lastIndexOf("/")));
    } else if (ts.isNewExpression(node) && node.expression.getText() === "RegExp") {
      // Its parts may come from anywhere: all strings of the file count.
      patterns.push("RegExp*");
    }
    node.forEachChild(visit);
  };
  visit(source);
  return patterns;
}

test("patterns that repeat without a bound are told from others", (t) => {
  for (const pattern of ["a*", "^\\d+$", "(?:x|y)+", "\\d{16,}", "[^\\]]*", "a+?"]) {
    t.true(repeatsWithoutBound(pattern), pattern);
  }
  for (const pattern of ["a{1,64}", "\\+", "[*+]", "^[\\da-f]{32}$", "x?", "\\{1,\\}"]) {
    t.false(repeatsWithoutBound(pattern), pattern);
  }
});

test("every file whose patterns repeat without a bound says what bounds its texts", (t) => {
  const files = readdirSync("src", { encoding: "utf8", recursive: true })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("testing/"))
    .map((file) => `src/${file}`);
  t.true(files.length > 100);
  const unbounded = files.filter((file) => patternsOf(file).some(repeatsWithoutBound)).sort();
  const offset = "src/adapter/recovery/offset.ts";
  // Its `new RegExp` puts lengths into a pattern that repeats at most as often.
  t.deepEqual(
    unbounded.filter((file) => file !== offset),
    [...BOUNDED_TEXTS.keys()].sort(),
  );
});
