// Serves pages from several folders, and records what a page loads.
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
/** Headers that make a page cross-origin isolated, which threads require. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
/** Extensions that hosts compress; the model hub sends models uncompressed. */
const COMPRESSED = new Set([".js", ".json", ".mjs", ".wasm"]);

const compressed = new Map();
function gzip(file, bytes) {
  if (!compressed.has(file)) compressed.set(file, gzipSync(bytes, { level: 9 }).length);
  return compressed.get(file);
}

/** `folders` is keyed by the first path segment. `loaded` lists `[path, bytes, bytes sent by hosts]`, without pages. */
export async function serve(folders, { isolated }) {
  const sent = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://host").pathname));
    const [, first, ...rest] = path.split("/");
    const file = folders[first] && join(folders[first], ...rest);
    if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    const bytes = readFileSync(file);
    const headers = {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": bytes.length,
    };
    response.writeHead(200, { ...headers, ...(isolated ? ISOLATED : {}) });
    if (request.method === "HEAD") return response.end();
    if (extname(file) !== ".html") sent.push([path, file, bytes]);
    response.end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    loaded: () =>
      sent.map(([path, file, bytes]) => [
        path,
        bytes.length,
        COMPRESSED.has(extname(file)) ? gzip(file, bytes) : bytes.length,
      ]),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
