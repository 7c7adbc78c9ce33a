// The built Worker in a real workerd, with Durable Objects, queues and R2, and state in a temporary or given folder.
//
// Miniflare runs the same workerd as `wrangler dev`, without the proxy that wrangler puts before it, so that
// concurrent requests reach the Worker concurrently. The settings are read from wrangler.toml.
//
// Wrangler pins one version of Miniflare, and Miniflare one of workerd. package.json has the same Miniflare, so that
// one copy is installed and the tests run what `npm start` runs. Update them together.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare, Log, LogLevel, convertV4MiniflareOptions } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const ADMIN = "an operator's secret, for tests only";

const config = readConfig({ config: join(ROOT, "wrangler.toml") });

const ASSETS = join(ROOT, config.assets.directory);

/** The modules of a built Worker beside its first; the baseline of the benchmark has fewer. */
const MODULES = new Map([
  ["shell.js", "ESModule"],
  ["index_bg.wasm", "CompiledWasm"],
  ["engine.wasm", "CompiledWasm"],
]);

/** The unit of times in /proc, the same on every Linux. */
const TICKS_PER_SECOND = 100;

/** A queue without a consumer: its messages are never delivered. */
export const HELD = null;

/** The system's in-memory folder if it has a free gibibyte, else the temporary folder. */
function memoryFolder() {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > 2 ** 30 ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}

/**
 * A new folder for state, in memory if possible: workerd waits for the disk at every write, and if the disk is busy it
 * closes connections that have waited too long.
 */
export const scratch = (name = "", where = memoryFolder()) => mkdtempSync(join(where, `sortroom-${name}`));

/** The settings of wrangler.toml as options of Miniflare. */
function fromWrangler() {
  return {
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name }) => [name, { className: class_name, useSQLite: true }]),
    ),
    ratelimits: Object.fromEntries(
      config.ratelimits.map(({ name, namespace_id, simple }) => [name, { namespace_id, simple }]),
    ),
    r2Buckets: Object.fromEntries(config.r2_buckets.map(({ binding, bucket_name }) => [binding, bucket_name])),
    queueProducers: Object.fromEntries(
      config.queues.producers.map(({ binding, queue }) => [binding, { queueName: queue }]),
    ),
    queueConsumers: Object.fromEntries(
      config.queues.consumers.map((consumer) => [
        consumer.queue,
        {
          maxBatchSize: consumer.max_batch_size,
          maxBatchTimeout: consumer.max_batch_timeout,
          maxRetries: consumer.max_retries,
          deadLetterQueue: consumer.dead_letter_queue,
        },
      ]),
    ),
  };
}

/**
 * Starts the Worker of `build/{variant}`.
 *
 * `vars` overrides variables, `ratelimits` the settings of counters, `queues` consumer settings by queue, `state` is a folder to keep the state in
 * (else it is deleted with the server, and on disk if `disk`), `port` 0 is any free port, `assets` serves the console.
 */
export async function startServer({
  variant = "worker",
  vars = {},
  ratelimits = {},
  queues = {},
  state,
  disk = false,
  port = 0,
  quiet = true,
  assets = false,
} = {}) {
  const folder = state ?? scratch("", disk ? tmpdir() : undefined);
  const options = fromWrangler();
  for (const [name, simple] of Object.entries(ratelimits)) options.ratelimits[name].simple = simple;
  for (const [queue, change] of Object.entries(queues)) {
    if (change === HELD) delete options.queueConsumers[queue];
    else Object.assign(options.queueConsumers[queue], change);
  }
  const build = join(ROOT, "build", variant);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      cf: false,
      host: "127.0.0.1",
      port,
      log: new Log(quiet ? LogLevel.ERROR : LogLevel.INFO),
      rootPath: build,
      modulesRoot: build,
      modules: [
        { type: "ESModule", path: join(build, "index.js") },
        ...[...MODULES]
          .filter(([name]) => existsSync(join(build, name)))
          .map(([name, type]) => ({ type, path: join(build, name) })),
      ],
      bindings: { ...config.vars, ADMIN_SECRET: ADMIN, ...vars },
      // Without the console, the Worker alone reads the static assets.
      ...(assets
        ? { assets: { directory: ASSETS, binding: config.assets.binding, routerConfig: { has_user_worker: true } } }
        : { serviceBindings: { [config.assets.binding]: { disk: { path: ASSETS } } } }),
      resourcePersistencePath: folder,
      // The output of workerd and the Worker.
      handleStructuredLogs: quiet ? () => {} : undefined,
    }),
  );
  const url = (await miniflare.ready).origin;
  return {
    url,
    /** The memory of workerd, in MiB. */
    memory: residentMemory,
    processorTime,
    /** Kills the workerds that this process started: `stop` would wait for a stuck one. */
    kill: () => workerds().forEach(({ pid }) => process.kill(Number(pid), "SIGKILL")),
    stop: async () => {
      await miniflare.dispose();
      if (!state) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The processes of workerd that this process started: `{ pid, mebibytes }`, with the resident memory. */
export function workerds() {
  const processes = execFileSync("ps", ["-o", "pid=,ppid=,rss=,comm=", "-A"], { encoding: "utf8" });
  return processes
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, , name]) => Number(parent) === process.pid && name === "workerd")
    .map(([pid, , kib]) => ({ pid, mebibytes: Number(kib) / 1024 }));
}

/** The resident memory of the largest workerd that this process started, in MiB. */
const residentMemory = () => Math.max(...workerds().map(({ mebibytes }) => mebibytes));

/** The processor time in seconds, on Linux, that the workerds of this process have taken. */
function processorTime() {
  const times = workerds().map(({ pid }) => {
    // The name, the second field, may have blanks; user and system time are the 14th and 15th field.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return times.reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/**
 * A server in its own process group, which `kill` ends with SIGKILL. `within` is a command that runs the command in its
 * arguments.
 */
export async function startGroup(options, within = []) {
  const script = fileURLToPath(new URL("serve.mjs", import.meta.url));
  const [program, ...args] = [...within, process.execPath, script, JSON.stringify(options)];
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    child.stdout.once("data", (data) => resolve(data.toString().trim()));
    child.once("exit", () => reject(new Error("the server did not start")));
  });
  return {
    url,
    kill: async () => {
      process.kill(-child.pid, "SIGKILL");
      await ended;
    },
  };
}

/** Sends a JSON request; fails on any status that is not in `status`, or without an answer within `ms`. */
export async function request(url, method, path, { token = ADMIN, body, status = [200, 201, 204], ms = 120_000 } = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(ms),
  }).catch((error) => {
    throw new Error(`${method} ${path} was not answered: ${error.cause ?? error}`);
  });
  const text = await response.text();
  if (![status].flat().includes(response.status))
    throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Creates a project with a token. */
export async function newProject(url, name = "test") {
  const project = await request(url, "POST", "/v1/projects", { body: { name } });
  const { token } = await request(url, "POST", `/v1/projects/${project.id}/tokens`, { body: { name } });
  return { projectId: project.id, token };
}

/** Waits until `probe` returns a truthy value and returns it. Fails after `ms`. */
export async function until(probe, { ms = 30_000, every = 50, what = "the condition" } = {}) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not come true within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** The bytes of a document of tests/corpus. */
export const corpus = (path) => readFileSync(join(ROOT, "tests", "corpus", path));
