// Whether an answer is clear: a success, or an error of the client in the shape of its dialect, or a job that ended with
// an answer or with a code and a sentence.
import assert from "node:assert/strict";
import { connect } from "node:net";

const isText = (value) => typeof value === "string" && value.length > 0;

/** The dialects: the paths of each, and the shape of its errors. */
const DIALECTS = [
  {
    name: "LlamaCloud",
    paths: /^\/(api\/v1\/(beta|files|organizations|projects)|api\/v2|files|uploads)(\/|\?|$)/,
    isError: ({ detail }) => isText(detail) || (Array.isArray(detail) && detail.every(({ msg }) => isText(msg))),
  },
  { name: "Limai", paths: /^\/api\/v1\/(classify|document|queue)\//, isError: ({ error }) => isText(error) },
  {
    name: "Dial Once",
    paths: /^\/api\/companies\//,
    isError: ({ statusCode, message, error }, status) => statusCode === status && isText(message) && isText(error),
  },
  {
    name: "native",
    paths: /^\/v1(\/|\?|$)/,
    isError: ({ error }) => isText(error?.code) && isText(error.message) && Array.isArray(error.fields),
  },
  // Paths that no dialect has.
  { name: "none", paths: /^/, isError: ({ detail }) => isText(detail) },
];

/** The code or the first words of an error. */
function named({ detail, error, message, statusCode }) {
  const text = error?.code ?? (statusCode ? message : (error ?? (Array.isArray(detail) ? detail[0].msg : detail)));
  return text.match(/^[A-Z][A-Z0-9_]+(?=:|$)/)?.[0] ?? text.slice(0, 40);
}

/**
 * The outcome of an answer to a request for `path`, in a few words. Fails unless it is a success, an error of the client
 * in the shape of the dialect, or has one of the statuses in `also` with such an error.
 */
export function clearOutcome(path, status, text, { also = [] } = {}) {
  const where = `${path.slice(0, 80)} answered ${status}: ${text.slice(0, 300)}`;
  if (status >= 200 && status < 300) return String(status);
  assert.ok((status >= 400 && status < 500) || also.includes(status), where);
  const dialect = DIALECTS.find(({ paths }) => paths.test(path));
  let body;
  assert.doesNotThrow(() => {
    body = JSON.parse(text);
  }, where);
  assert.ok(dialect.isError(body, status), `no error of ${dialect.name}: ${where}`);
  return `${status} ${named(body)}`;
}

/** The outcome of a job that failed with `message`. Fails if its document ended the engine or the instance. */
export function clearFailure(message) {
  const [, code] = message?.match(/^([A-Z][A-Z0-9_]+): .+/) ?? [];
  assert.ok(code && code !== "ENGINE_FAILED" && code !== "DEAD_LETTER", `the job failed with ${message}`);
  assert.doesNotMatch(message, /attempts/);
  return `FAILED ${code}`;
}

/**
 * Sends the bytes of a request over a connection of its own. Returns `{ status, text }` of the response, which may have been
 * cut off after its head, and closes the connection: at once, or with `finish` only after all pieces are sent.
 *
 * `pieces` are written one after another, each after `pause` ms. With `breakOff` it closes the connection after the last
 * piece, and does not wait for a response. With `mayClose` the server may close the connection during the request, as
 * workerd does if it leaves a body unread. In both cases there is no `status`.
 */
export function sendRaw(url, head, pieces = [], options = {}) {
  const { pause = 0, breakOff = false, finish = false, mayClose = false, ms = 60_000 } = options;
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    let answer;
    let isSent = false;
    const end = () => {
      socket.destroy();
      if (answer || breakOff || (mayClose && !isSent)) resolve(answer ?? {});
      else reject(new Error(`the connection was closed without an answer to ${head[0]}`));
    };
    socket.setTimeout(ms, () => reject(new Error(`no answer within ${ms} ms to ${head[0]}`)));
    socket.on("data", (data) => {
      received += data;
      const headEnd = received.indexOf("\r\n\r\n");
      if (headEnd < 0 || breakOff) return;
      answer = { status: Number(received.split(" ")[1]), text: received.slice(headEnd + 4) };
      if (!finish || isSent) end();
    });
    // The server may close its side while the rest of a refused body is sent.
    socket.on("error", end);
    socket.on("close", end);
    socket.write([...head, `host: ${host}`, "", ""].join("\r\n"));
    (async () => {
      for (const piece of pieces) {
        if (pause > 0) await new Promise((done) => setTimeout(done, pause));
        if (socket.destroyed) return;
        await new Promise((done) => socket.write(piece, done));
      }
      isSent = true;
      if (breakOff || answer) end();
    })();
  });
}

/** A body as one chunk, and its end. */
export const chunked = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
