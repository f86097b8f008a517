/**
 * Unpacks the RabbitMQ of another suite of Debian, with its Erlang and all libraries, into a directory. Nothing is
 * installed but patchelf, and nothing outside the directory is touched.
 *
 *     npx tsx scripts/environment/debian-rabbitmq.ts sid build/rabbitmq
 *     RABBITMQ_SERVER=build/rabbitmq/bin/rabbitmq-server npm run environment
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findOrInstall, Missing, runPreparation, say } from "./install.js";

/** What the packages depend on and a server in a directory of its own does not need: users, services, logins. */
const UNNEEDED = /^(systemd|login|procps|passwd|base-passwd|debconf|libpam|adduser|libsemanage|libblkid|libmount)/;

const LIBRARIES = "usr/lib/x86_64-linux-gnu";

/** An apt that knows nothing of this machine's packages. @returns a function that runs one of its programs */
function isolatedApt(directory: string, suite: string): (program: string, ...args: readonly string[]) => string {
  const apt = join(directory, "apt");
  for (const part of ["state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"]) {
    mkdirSync(join(apt, part), { recursive: true });
  }
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(join(apt, "etc/sources.list"), `deb [signed-by=${keys}] http://deb.debian.org/debian ${suite} main\n`);
  writeFileSync(join(apt, "state/status"), "");
  const config = join(apt, "apt.conf");
  const settings = {
    "Dir::State": join(apt, "state"),
    "Dir::State::status": join(apt, "state/status"),
    "Dir::Cache": join(apt, "cache"),
    "Dir::Etc": join(apt, "etc"),
    // A mirror that was copied a while ago is good enough for a test.
    "Acquire::Check-Valid-Until": "false",
    "APT::Sandbox::User": "root",
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(""),
  );
  return (program, ...args) =>
    execFileSync(program, args, {
      cwd: join(apt, "cache/archives"),
      env: { ...process.env, APT_CONFIG: config },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
}

function unpack(suite: string, root: string): void {
  const apt = isolatedApt(root, suite);
  apt("apt-get", "update", "-qq");
  const planned = apt("apt-get", "install", "--simulate", "--no-install-recommends", "rabbitmq-server");
  const packages = [...planned.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
  apt("apt-get", "download", "-qq", ...packages.filter((name) => !UNNEEDED.test(name)));
  const archives = join(root, "apt/cache/archives");
  for (const file of readdirSync(archives).filter((name) => name.endsWith(".deb"))) {
    execFileSync("dpkg-deb", ["--extract", join(archives, file), root]);
  }
  rmSync(join(root, "apt"), { recursive: true });
}

/** Its programs use the libraries beside them, which are newer than those of this machine. */
function relocate(root: string): void {
  const patchelf = findOrInstall(["patchelf"], ["patchelf"], "patchelf");
  const libraries = join(root, LIBRARIES);
  const erlang = join(root, "usr/lib/erlang");
  const [runtime = ""] = readdirSync(erlang).filter((name) => name.startsWith("erts-"));
  const loader = [
    "--set-interpreter",
    join(libraries, "ld-linux-x86-64.so.2"),
    "--force-rpath",
    "--set-rpath",
    libraries,
  ];
  for (const program of ["beam.smp", "erlexec", "epmd", "erl_child_setup", "inet_gethost"]) {
    execFileSync(patchelf, [...loader, join(erlang, runtime, "bin", program)]);
  }
  execFileSync(patchelf, [...loader, join(erlang, "bin/escript")]);
  for (const starter of [join(erlang, "bin/erl"), join(erlang, runtime, "bin/erl")]) {
    const script = readFileSync(starter, "utf8").replaceAll("ROOTDIR=/usr/lib/erlang", `ROOTDIR='${erlang}'`);
    writeFileSync(starter, script);
  }
  mkdirSync(join(root, "bin"));
  for (const command of ["rabbitmq-server", "rabbitmqctl"]) {
    const script = join(root, "bin", command);
    const path = `PATH='${join(erlang, "bin")}':"$PATH"`;
    writeFileSync(script, `#!/bin/sh\n${path} exec '${join(root, "usr/lib/rabbitmq/bin", command)}' "$@"\n`);
    chmodSync(script, 0o755);
  }
}

await runPreparation(() => {
  const [suite, directory] = process.argv.slice(2);
  if (suite === undefined || directory === undefined) {
    throw new Missing("usage: debian-rabbitmq.ts SUITE DIRECTORY, such as sid build/rabbitmq");
  }
  const root = resolve(directory);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  unpack(suite, root);
  relocate(root);
  const [version = ""] = readdirSync(join(root, "usr/lib/rabbitmq/lib"));
  say(`${version}: RABBITMQ_SERVER=${join(directory, "bin/rabbitmq-server")} npm run environment`);
});
