import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";

/** Every page that people read. */
const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"],
  ...["examples/README.md", "python-fixtures/README.md"],
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const ARCHITECTURE = "docs/architecture.md";
const MOST_HOPS = 7;

const read = (page: string): string => readFileSync(page, "utf8");

/** As GitHub names them. */
const anchorsOf = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );

test("links between the pages lead somewhere", (t) => {
  for (const page of PAGES) {
    for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = "", anchor] = target.split("#");
      const file = new URL(path === "" ? `/${page}` : path, `file:///${page}`).pathname.slice(1);
      t.true(existsSync(file), `${page}: ${target}`);
      if (anchor !== undefined) {
        t.true(anchorsOf(file).includes(anchor), `${page}: ${target}`);
      }
    }
  }
});

test("npm resolves the relative links of the README against the repository", (t) => {
  const { repository, homepage, bugs } = JSON.parse(read("package.json"));
  const [, url = ""] = /^git\+(https:\/\/github\.com\/[\w-]+\/[\w-]+)\.git$/.exec(repository.url) ?? [];
  t.not(url, "");
  t.is(homepage, `${url}#readme`);
  t.is(bugs, `${url}/issues`);
  // npm leaves links that start with a slash or with two dots as they are.
  t.deepEqual(read("README.md").match(/\]\((\/|\.\.)/g), null);
});

test("the files that the pages name exist", (t) => {
  for (const page of [ARCHITECTURE, "CONTRIBUTING.md"]) {
    const paths = [...read(page).matchAll(/`((?:bench|docs|examples|interop|python-fixtures|src|test)\/[\w./-]*)`/g)];
    t.not(paths.length, 0);
    for (const [, path = ""] of paths.filter(([match]) => !match.includes("/.venv"))) {
      t.true(existsSync(path), `${page}: ${path}`);
    }
  }
});

/** The tables of hops: number, file and function. */
function hops(): readonly { readonly hop: number; readonly file: string; readonly name: string }[] {
  const rows = [...read(ARCHITECTURE).matchAll(/^\| (\d) \| `([^`]+)` \| `([^`]+)` \|/gm)];
  return rows.map(([, hop, file = "", name = ""]) => ({ hop: Number(hop), file, name }));
}

test("each hop of a message names a function of its file", (t) => {
  const ours = hops().filter(({ file }) => file.startsWith("src/"));
  t.true(ours.length >= 12);
  for (const { hop, file, name } of ours) {
    t.regex(read(file), new RegExp(`\\b${name}\\b[<(]`), `hop ${hop}: ${name} in ${file}`);
  }
});

test("a message takes at most seven hops in either direction", (t) => {
  t.true(hops().every(({ hop }) => hop <= MOST_HOPS));
});

test("what docs/edge.md shows of nginx is what the example has", (t) => {
  const directives = (text: string) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /[;{]$/.test(line) && !line.startsWith("#"));
  const [, shown = ""] = /```nginx\n(.*?)```/s.exec(read("docs/edge.md")) ?? [];
  const adapted = shown.replace("127.0.0.1:5000", "edge").replace("127.0.0.1:8000", "workers");
  const file = directives(read("examples/edge/nginx.conf"));
  t.deepEqual(directives(adapted), file.slice(file.findIndex((line) => line.startsWith("location"))));
});

test("each program that writes its figures into a page finds its place there", (t) => {
  const files = readdirSync("bench", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const pageOf = (file: string): string | undefined => {
    const source = read(file);
    const [, own] = /^(?:export )?const PAGE = "([^"]+)";$/m.exec(source) ?? [];
    const [, other] = /^import \{[^}]*\bPAGE\b[^}]*\} from "([^"]+)\.js";$/m.exec(source) ?? [];
    return own ?? (other === undefined ? undefined : pageOf(join(dirname(file), `${other}.ts`)));
  };
  const writers = files.flatMap((name) => {
    const file = join("bench", name);
    const [, command] = /replacePart\([^;]*?"([^"]+ --write)"/.exec(read(file)) ?? [];
    return command === undefined ? [] : [{ page: pageOf(file) ?? file, command }];
  });
  t.is(writers.length, 7);
  for (const { page, command } of writers) {
    for (const place of ["begin", "end"]) {
      t.true(read(page).includes(`<!-- made by npm run ${command}: ${place} -->`), `${page}: ${command}`);
    }
  }
});
