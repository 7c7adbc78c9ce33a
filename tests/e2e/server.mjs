// A real workerd with the built Worker, its objects, queues and R2, in a temporary or given folder of state.
//
// Miniflare runs the same workerd as `wrangler dev`, without the proxy that wrangler puts before it, so that many
// requests at once reach the Worker as many requests at once. What wrangler.toml says is read from wrangler.toml.
//
// Wrangler names one exact version of Miniflare, and Miniflare one of workerd: package.json has that Miniflare, so that
// one copy is installed and the tests run what `npm start` runs. They change together.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare, Log, LogLevel, convertV4MiniflareOptions } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const ADMIN = "an operator's secret, for tests only";

const config = readConfig({ config: join(ROOT, "wrangler.toml") });

/** A queue that nobody reads: its messages wait for longer than any test lasts. */
export const HELD = null;

/** Where the system keeps files in memory, when it has a gibibyte there. */
function memory() {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > 2 ** 30 ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}

/**
 * A new folder for state. In memory where that can be: workerd waits for the disk at every write, and on a busy disk it
 * closes connections that have waited for too long.
 */
export const scratch = (name = "", where = memory()) => mkdtempSync(join(where, `sortroom-${name}`));

/** The options of Miniflare that mean what wrangler.toml says. */
function fromWrangler() {
  return {
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name }) => [name, { className: class_name, useSQLite: true }]),
    ),
    r2Buckets: Object.fromEntries(config.r2_buckets.map(({ binding, bucket_name }) => [binding, bucket_name])),
    queueProducers: Object.fromEntries(config.queues.producers.map(({ binding, queue }) => [binding, { queueName: queue }])),
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
 * `vars` overrides variables, `queues` overrides settings of consumers by queue, `state` keeps everything in a folder
 * (else it goes with the server; it is on the disk where `disk` says so), `port` 0 is any, `assets` serves the console.
 */
export async function startServer({ variant = "worker", vars = {}, queues = {}, state, disk = false, port = 0, quiet = true, assets = false } = {}) {
  const folder = state ?? scratch("", disk ? tmpdir() : undefined);
  const options = fromWrangler();
  for (const [queue, change] of Object.entries(queues)) {
    if (change === HELD) delete options.queueConsumers[queue];
    else Object.assign(options.queueConsumers[queue], change);
  }
  const build = join(ROOT, "build", variant);
  const miniflare = new Miniflare(convertV4MiniflareOptions({
    ...options,
    cf: false,
    host: "127.0.0.1",
    port,
    log: new Log(quiet ? LogLevel.ERROR : LogLevel.INFO),
    rootPath: build,
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: join(build, "index.js") },
      { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
    ],
    bindings: { ...config.vars, ADMIN_SECRET: ADMIN, ...vars },
    ...(assets && { assets: { directory: join(ROOT, config.assets.directory), routerConfig: { has_user_worker: true } } }),
    resourcePersistencePath: folder,
    // What workerd and the Worker print.
    handleStructuredLogs: quiet ? () => {} : undefined,
  }));
  const url = (await miniflare.ready).origin;
  return {
    url,
    stop: async () => {
      await miniflare.dispose();
      if (!state) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A server in a process group of its own, which `kill` ends as the system would: all at once, without a word. */
export async function startGroup(options) {
  const script = fileURLToPath(new URL("serve.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
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

/** A request as JSON; fails on any status but those given. */
export async function ask(url, method, path, { token = ADMIN, body, status = [200, 201, 204] } = {}) {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error) => {
    throw new Error(`${method} ${path} was not answered: ${error.cause ?? error}`);
  });
  const text = await answer.text();
  if (![status].flat().includes(answer.status)) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A project of its own, with a token. */
export async function newProject(url, name = "test") {
  const project = await ask(url, "POST", "/v1/projects", { body: { name } });
  const { token } = await ask(url, "POST", `/v1/projects/${project.id}/tokens`, { body: { name } });
  return { projectId: project.id, token };
}

/** Waits until `probe` gives something, and gives that; no longer than `ms`. */
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
