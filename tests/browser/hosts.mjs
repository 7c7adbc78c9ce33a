// The hosts of the console: workerd, as in production, and a static file server.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { ROOT } from "../../.scripts/lib.mjs";
import { newProject, startServer } from "../e2e/server.mjs";

const DIST = join(ROOT, "www", "dist");
const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Starts the Worker with its assets, and creates a project with a token. */
export async function workerd() {
  const { url, stop } = await startServer({ assets: true });
  return { url: `${url}/`, stop, ...(await newProject(url)) };
}

/** Serves static files below a folder. The only header is `content-type`. */
export async function staticFiles() {
  const prefix = "/some/folder/";
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    const file = path.startsWith(prefix) && join(DIST, normalize(path.slice(prefix.length) || "index.html"));
    const isFound = request.method === "GET" && file && statSync(file, { throwIfNoEntry: false })?.isFile();
    if (!isFound) return response.writeHead(404).end("<p>No such file");
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
