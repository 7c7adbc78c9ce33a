// Where the console is served from: workerd, as it is deployed, and a host that knows nothing but files.
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

/** The Worker with its assets, and a token of a project. */
export async function workerd() {
  const { url, stop } = await startServer({ assets: true });
  return { url: `${url}/`, stop, ...(await newProject(url)) };
}

/** Plain files below a folder, without a header but their type. */
export async function plain() {
  const below = "/some/folder/";
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    const file = path.startsWith(below) && join(DIST, normalize(path.slice(below.length) || "index.html"));
    if (request.method !== "GET" || !file || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end("<p>No such file");
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${below}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
