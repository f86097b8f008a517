/**
 * Who may import whom: one rule per arrow that must not exist. `docs/architecture.md` has the same as a table.
 * `npm run lint` prints the comment of the rule that an import breaks.
 */

/** @param {string} folder - below src/ @param {readonly string[]} allowed - what it may import besides itself */
const only = (folder, allowed, comment) => ({
  name: `src/${folder}`,
  comment,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: {
    path: "^(src|interop|test|bench)/",
    pathNot: [`^src/${folder}/`, ...allowed.map((path) => `^src/${path}`)],
  },
});

const SOCKET_IO = "(^|/)node_modules/(socket\\.io|socket\\.io-adapter|engine\\.io)/";
const ROOT = ["errors\\.ts$", "util/"];
const CONTRACT = ["bus/(bus|options)\\.ts$"];

/** @param {string} layer - below src/protocol/ @param {readonly string[]} allowed - layers that it may import besides itself */
const protocolLayer = (layer, allowed, comment) => ({
  name: `src/protocol/${layer}`,
  comment,
  severity: "error",
  from: { path: `^src/protocol/${layer}/` },
  to: {
    path: "^src/protocol/",
    pathNot: [layer, ...allowed].map((other) => `^src/protocol/${other}/`),
  },
});

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Two modules that need each other are one module, or miss a third. Type-only imports count too.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    only("util", ["errors\\.ts$"], "util knows nothing of the project: it imports errors.ts and nothing else."),
    only("protocol", ROOT, "protocol is the wire: it knows neither buses nor Socket.IO."),
    protocolLayer(
      "values",
      [],
      "values is what any argument can hold: bytes, depth, unsafe keys. It knows no messages.",
    ),
    protocolLayer("model", ["values"], "model is what messages mean: it knows no encoding."),
    protocolLayer("json", ["model", "values"], "An encoding knows the model and no other encoding."),
    protocolLayer("msgpack", ["model", "values"], "An encoding knows the model and no other encoding."),
    protocolLayer("pickle", ["model", "values"], "An encoding knows the model and no other encoding."),
    protocolLayer("side-channel", ["model", "values", "msgpack"], "The side channel is MessagePack and nothing else."),
    only("bus", ROOT, "bus moves bytes: it knows neither the protocol nor Socket.IO."),
    only(
      "cluster",
      [...ROOT, "protocol/", ...CONTRACT],
      "cluster is what Node hosts know of each other, without a server.",
    ),
    only("reporting", [...ROOT, "protocol/", ...CONTRACT], "reporting turns statuses and rejections into log lines."),
    only(
      "adapter",
      [...ROOT, "protocol/", "cluster/", "reporting/", "bus/(bus|options|open)\\.ts$", "options\\.ts$"],
      "adapter meets a broker through the contract in bus/bus.ts alone, and imports no emitter, server or command line.",
    ),
    ...[
      ["clients", "recovery|outbound|inbound|publisher", "clients touches socket.io, and knows nothing of the fleet."],
      ["recovery", "outbound|inbound", "recovery serves both directions, and knows neither."],
      ["outbound", "inbound", "outbound knows nothing of inbound, so that nobody calls back."],
      ["inbound", "outbound", "what comes in is never published again: inbound delivers to clients alone."],
    ].map(([from, to, comment]) => ({
      name: `adapter-${from}`,
      comment,
      severity: "error",
      from: { path: `^src/adapter/${from}/` },
      to: { path: `^src/adapter/(${to}|host|namespace-adapter|create-adapter)`, pathNot: `^src/adapter/${from}/` },
    })),
    only(
      "emitter",
      [...ROOT, "protocol/", "cluster/", "reporting/", "bus/(bus|options|open|memory)\\.ts$", "options\\.ts$"],
      "an emitter runs without a server: it imports nothing of the adapter.",
    ),
    only("embedded", ROOT, "the embedded broker is a broker: it knows nothing of who connects to it."),
    only(
      "edge",
      [...ROOT, "adapter/reporting/handle\\.ts$"],
      "edge meets the adapter by its handle alone, and knows neither brokers nor the wire.",
    ),
    only(
      "server",
      [...ROOT, "adapter/", "edge/", "embedded/", "protocol/", "options\\.ts$"],
      "server is what `serve` starts; it knows no command line.",
    ),
    {
      name: "one-broker",
      comment: "A broker's folder imports no other broker; Kombu over Redis builds on Redis.",
      severity: "error",
      from: { path: "^src/bus/(redis|rabbitmq|kafka|zmq)/" },
      to: { path: "^src/bus/(redis|rabbitmq|kafka|zmq|kombu|open|memory)", pathNot: ["^src/bus/$1/"] },
    },
    {
      name: "kombu",
      comment: "Kombu over Redis builds on Redis, and on no other broker.",
      severity: "error",
      from: { path: "^src/bus/kombu/" },
      to: { path: "^src/bus/(rabbitmq|kafka|zmq|open|memory)" },
    },
    {
      name: "no-socket.io",
      comment: "Only adapter, edge, server and what tests are made of know Socket.IO: an emitter must run without it.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(adapter|edge|server|testing|index)" },
      to: { path: SOCKET_IO },
    },
    {
      name: "command-line",
      comment: "Nobody but the command line, and the executable made of it, imports the command line.",
      severity: "error",
      from: { pathNot: "^(src/cli|scripts/executable|test)/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "shipped",
      comment: "src and interop are shipped: they import nothing of tests, benchmarks and scripts.",
      severity: "error",
      from: { path: "^(src|interop)/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    {
      name: "interop",
      comment: "Nobody in src but the command line imports the interop kit.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "^interop/" },
    },
    {
      name: "testing",
      comment:
        "src/testing starts hosts, peers and clients for the interop kit (cli/interop.ts), tests and benchmarks; no server or emitter needs it.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(testing|cli)/" },
      to: { path: "^src/testing/" },
    },
    {
      name: "test-helpers",
      comment: "Test helpers are imported by tests alone.",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
    {
      name: "scripts",
      comment: "scripts/environment prepares a machine: it knows neither benchmarks nor the interop kit.",
      severity: "error",
      from: { path: "^scripts/" },
      to: { path: "^(bench|interop)/" },
    },
    {
      name: "test-files",
      comment: "A test file is run and never imported: what two of them share belongs to helpers or contracts.",
      severity: "error",
      from: {},
      to: { path: "\\.test\\.ts$" },
    },
    {
      name: "test-contracts",
      comment: "A contract is handed what it tries: it knows helpers, and none of the folders that run it.",
      severity: "error",
      from: { path: "^test/contracts/" },
      to: { path: "^test/", pathNot: "^test/(contracts|helpers|programs)/" },
    },
    {
      name: "test-helpers-below",
      comment: "Helpers are below everything in test that uses them: they import data and generators, and no more.",
      severity: "error",
      from: { path: "^test/(helpers|programs)/" },
      to: { path: "^test/", pathNot: "^test/(helpers|programs|fixtures|golden|protocol/arbitraries)" },
    },
    {
      name: "unit-tests",
      comment: "A unit test starts no broker: move it to test/brokers or test/cross-language.",
      severity: "error",
      from: {
        path: "^test/.*\\.test\\.ts$",
        pathNot: "^test/(brokers|containers|cross-language)/",
      },
      to: { path: "^scripts/environment/brokers/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
