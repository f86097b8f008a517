import { execFile } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { pythonPath } from "../../src/testing/python.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

/** The package in `python`, checked by the tools of its own language. */

const run = promisify(execFile);

const CACHES = { PYTHONDONTWRITEBYTECODE: "1", RUFF_NO_CACHE: "true" };

/** What a failing tool has printed is in the error's message. */
async function python(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd, env: { ...process.env, ...CACHES, ...env }, maxBuffer: 2 ** 24 };
  try {
    const { stdout } = await run(testEnvironment().pythonForPackage, args, options);
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`python ${args.join(" ")}\n${stdout}${stderr}`, { cause: error });
  }
}

const LIST_FILES = `
import sys, tarfile, zipfile
name = sys.argv[1]
print(*(zipfile.ZipFile(name).namelist() if name.endswith(".whl") else tarfile.open(name).getnames()), sep="\\n")
`;

for (const [what, args] of Object.entries({
  "is linted": ["-m", "ruff", "check"],
  "is formatted": ["-m", "ruff", "format", "--check"],
  "has types": ["-m", "mypy", "--cache-dir", "/dev/null"],
})) {
  test(`the Python package ${what}`, async (t) => {
    await t.notThrowsAsync(python("python", args));
  });
}

test("the Python package passes its tests", async (t) => {
  const output = await python("python", ["-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]);
  t.regex(output, /^\d+ passed(?!.*(?:failed|skipped|error))/m);
});

test("the Python package is built as wheel and sdist, and the wheel has what it needs", async (t) => {
  const directory = temporaryDirectory(t);
  // The build writes beside its sources.
  const sources = join(directory, "python");
  cpSync("python", sources, { recursive: true, filter: (source) => !/\.venv|__pycache__/.test(source) });
  cpSync("LICENSE", join(directory, "LICENSE"));
  await python(sources, ["-m", "build", "--no-isolation", "--outdir", directory]);
  const [wheel = "", sdist = ""] = readdirSync(directory)
    .filter((name) => name.startsWith("socketio_python_bridge"))
    .sort((one, other) => other.length - one.length);
  t.regex(wheel, /^socketio_python_bridge-[\d.]+-py3-none-any\.whl$/);
  t.regex(sdist, /^socketio_python_bridge-[\d.]+\.tar\.gz$/);

  for (const file of [wheel, sdist]) {
    // Of this repository, in which the package has none of its own.
    t.regex(await python(directory, ["-c", LIST_FILES, file]), /\/LICENSE$/m, file);
  }

  const installed = join(directory, "installed");
  const pip = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", installed];
  await python(directory, [...pip, join(directory, wheel)]);
  t.deepEqual(
    readdirSync(join(installed, "socketio_bridge"))
      .filter((name) => name !== "__pycache__")
      .sort(),
    readdirSync(resolve("python/src/socketio_bridge"))
      .filter((name) => name !== "__pycache__")
      .sort(),
  );
  const program = "import socketio_bridge; print(socketio_bridge.__file__)";
  t.is(
    (await python(directory, ["-c", program], { PYTHONPATH: pythonPath(installed) })).trim(),
    join(installed, "socketio_bridge", "__init__.py"),
  );
});
