// A load generator: a number of keep-alive connections, each with one request in flight, as fast as responses arrive.
//
// It shares the machine with the measured server, so it does little: the bytes of requests are prepared in advance, and
// only the status, the length and the body of a response are read.
import { connect } from "node:net";

/** The bytes of a request. */
export function request(url, method, path, { token, body } = {}) {
  const { host } = new URL(url);
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, "accept: application/json"];
  if (token) lines.push(`authorization: Bearer ${token}`);
  if (body !== undefined) lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
}

/** A connection with at most one request in flight. */
export class Connection {
  #socket;
  #buffer = Buffer.alloc(0);
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
    socket.on("data", (data) => connection.#receive(data));
    return connection;
  }

  /** Sends the bytes of a request; returns `{ status, body }`. */
  send(bytes) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close() {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #receive(data) {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
    const response = parse(this.#buffer);
    if (!response) return;
    this.#buffer = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(response);
  }
}

/** The response in `bytes`, or undefined if it is incomplete. */
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
  for (let offset = end + 4; ; ) {
    const line = bytes.indexOf("\r\n", offset);
    if (line < 0) return undefined;
    const size = parseInt(bytes.latin1Slice(offset, line), 16);
    if (bytes.length < line + 2 + size + 2) return undefined;
    if (size === 0) return { status, body: Buffer.concat(chunks) };
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    offset = line + 2 + size + 2;
  }
}

/** The value below which the fraction `share` of the sorted `values` lies. */
export const percentile = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];

/** The median of `values`. */
export const median = (values) =>
  percentile(
    values.toSorted((left, right) => left - right),
    0.5,
  );

/**
 * Keeps `connections` busy with the requests from `next`, for `ms` or until `requests` were sent. Any status but 200 is
 * an error.
 */
export async function load({ url, connections, ms = Infinity, requests = Infinity, next, onResponse = () => {} }) {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)));
  const took = [];
  let sent = 0;
  const start = performance.now();
  try {
    await Promise.all(
      open.map(async (connection) => {
        for (let begin = start; begin - start < ms && sent < requests; ) {
          sent++;
          const { status, body } = await connection.send(next());
          const now = performance.now();
          if (status !== 200) throw new Error(`answered ${status}: ${body.toString().slice(0, 500)}`);
          took.push(now - begin);
          begin = now;
          onResponse(body);
        }
      }),
    );
  } finally {
    for (const connection of open) connection.close();
  }
  const seconds = (performance.now() - start) / 1000;
  took.sort((left, right) => left - right);
  return {
    perSecond: took.length / seconds,
    p50: percentile(took, 0.5),
    p99: percentile(took, 0.99),
    requests: took.length,
  };
}
