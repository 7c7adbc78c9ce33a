// A load generator: so many keep-alive connections, each with one request under way, as fast as answers come.
//
// It shares the machine with what it measures, so it does little: requests are bytes made beforehand, and of an answer
// only the status, the length and the body are read.
import { connect } from "node:net";

/** The bytes of a request. */
export function request(url, method, path, { token, body } = {}) {
  const { host } = new URL(url);
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, "accept: application/json"];
  if (token) lines.push(`authorization: Bearer ${token}`);
  if (body !== undefined) lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
}

/** A connection that has one request under way at most. */
export class Connection {
  #socket;
  #held = Buffer.alloc(0);
  #waiting;

  static async open(url) {
    const { hostname, port } = new URL(url);
    const connection = new Connection();
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    connection.#socket = socket;
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const fail = (error) => {
      connection.#waiting?.reject(error ?? new Error("the connection was closed"));
      connection.#waiting = undefined;
    };
    socket.on("error", fail).on("close", () => fail());
    socket.on("data", (data) => connection.#take(data));
    return connection;
  }

  /** Sends the bytes of a request; gives `{ status, body }`. */
  ask(bytes) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close() {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(data) {
    this.#held = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    const answer = parse(this.#held);
    if (!answer) return;
    this.#held = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }
}

/** The one answer in `bytes`; nothing while it is not complete. */
function parse(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.latin1Slice(0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/.exec(head);
  if (length) {
    const total = end + 4 + Number(length[1]);
    return bytes.length < total ? undefined : { status, body: bytes.subarray(end + 4, total) };
  }
  if (!/\r\ntransfer-encoding: *chunked/.test(head)) return { status, body: Buffer.alloc(0) };
  const chunks = [];
  for (let at = end + 4; ; ) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = parseInt(bytes.latin1Slice(at, line), 16);
    if (bytes.length < line + 2 + size + 2) return undefined;
    if (size === 0) return { status, body: Buffer.concat(chunks) };
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

/** The value below which `share` of the sorted `values` lie. */
export const percentile = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];

/** The middle one of `values`. */
export const median = (values) => percentile(values.toSorted((left, right) => left - right), 0.5);

/**
 * Keeps `connections` busy with what `next` gives, for `ms` or until `requests` were sent. Anything but a 200 ends the
 * measurement.
 */
export async function load({ url, connections, ms = Infinity, requests = Infinity, next, answered = () => {} }) {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)));
  const took = [];
  let sent = 0;
  const start = performance.now();
  try {
    await Promise.all(
      open.map(async (connection) => {
        for (let begun = start; begun - start < ms && sent < requests; ) {
          sent++;
          const { status, body } = await connection.ask(next());
          const now = performance.now();
          if (status !== 200) throw new Error(`answered ${status}: ${body.toString().slice(0, 500)}`);
          took.push(now - begun);
          begun = now;
          answered(body);
        }
      }),
    );
  } finally {
    for (const connection of open) connection.close();
  }
  const seconds = (performance.now() - start) / 1000;
  took.sort((left, right) => left - right);
  return { perSecond: took.length / seconds, p50: percentile(took, 0.5), p99: percentile(took, 0.99), requests: took.length };
}
