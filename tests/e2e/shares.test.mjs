// Fair shares on workerd: rates over the platform's counters, uploads that go silent, addresses that take one upload.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { newProject, request, startServer } from "./server.mjs";

/** Requests of a token in ten seconds, and the reports of twenty requests that its counter takes. */
const TOKEN_REQUESTS = 400;
const REPORTS = 20;

describe("shares", () => {
  let server;
  let project;

  before(async () => {
    server = await startServer({
      vars: { TOKEN_REQUESTS: String(TOKEN_REQUESTS), PUBLIC_URL: "https://sort.example/" },
      ratelimits: { TOKEN_REQUEST_COUNTER: { limit: REPORTS, period: 10 } },
    });
    project = await newProject(server.url);
  });

  after(() => server?.stop());

  const get = (token) =>
    fetch(`${server.url}/v1/project`, { headers: { authorization: `Bearer ${token}` } }).then(async (response) => {
      await response.arrayBuffer();
      return response;
    });

  /** Announces a file and returns the path of the address to upload it to. */
  async function announce() {
    const { url } = await request(server.url, "PUT", "/api/v1/files", {
      token: project.token,
      body: { name: "a.txt" },
    });
    assert.ok(url.startsWith("https://sort.example/uploads/"), url);
    return new URL(url).pathname;
  }

  test("a token that asks too much is told to wait, and no other", async () => {
    const { token } = await newProject(server.url);
    let refused;
    // Two windows of ten seconds may share the requests.
    for (let sent = 0; !refused && sent < 3 * TOKEN_REQUESTS; sent++) {
      const response = await get(token);
      if (response.status === 429) refused = response;
      else assert.equal(response.status, 200);
    }
    assert.ok(refused, "no request was refused");
    const wait = Number(refused.headers.get("retry-after"));
    assert.ok(wait >= 1 && wait <= 10, String(wait));
    assert.equal(refused.headers.get("ratelimit-policy"), `"token";q=${TOKEN_REQUESTS};w=10`);
    assert.equal(refused.headers.get("ratelimit"), `"token";r=0;t=${wait}`);
    assert.equal((await get(project.token)).status, 200, "another token");
    await new Promise((resolve) => setTimeout(resolve, (wait + 1) * 1_000));
    assert.equal((await get(token)).status, 200, "after the wait");
  });

  test("an address takes one upload", async () => {
    const path = await announce();
    const put = (body) => fetch(server.url + path, { method: "PUT", body });
    assert.equal((await put("first")).status, 200);
    const again = await put("second");
    assert.equal(again.status, 410, await again.text());
  });

  test("of uploads at the same time one goes on", async () => {
    const path = await announce();
    const put = (text) => fetch(server.url + path, { method: "PUT", body: text.repeat(200_000) });
    const answers = await Promise.all(["a", "b", "c", "d"].map(put));
    const statuses = answers.map((answer) => answer.status).sort();
    assert.equal(statuses[0], 200, statuses.join());
    assert.ok(
      statuses.slice(1).every((status) => status === 409 || status === 410),
      statuses.join(),
    );
  });

  test("uploads that go silent are cut off, and hold up no other project", async () => {
    const { hostname, port } = new URL(server.url);
    const head = 'content-disposition: form-data; name="file"; filename="a.txt"';
    const form = `--X\r\n${head}\r\n\r\n${"x".repeat(5_200_000)}`;
    const silent = Array.from({ length: 25 }, async () => {
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST /api/v1/beta/files HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${project.token}\r\n` +
          "content-type: multipart/form-data; boundary=X\r\ncontent-length: 90000000\r\n\r\n",
      );
      socket.write(form);
      socket.setTimeout(60_000, () => socket.destroy());
      const [data] = await once(socket, "data");
      socket.destroy();
      return Number(data.toString().split(" ")[1]);
    });
    const other = await newProject(server.url);
    const body = new FormData();
    body.set("purpose", "classify");
    body.set("file", new File(["text"], "a.txt"));
    const headers = { authorization: `Bearer ${other.token}` };
    const upload = await fetch(`${server.url}/api/v1/beta/files`, { method: "POST", headers, body });
    assert.equal(upload.status, 201, await upload.text());
    const statuses = await Promise.all(silent);
    assert.ok(
      statuses.every((status) => status === 408 || status === 503),
      statuses.join(),
    );
    assert.ok(statuses.includes(408), statuses.join());
    assert.equal((await get(project.token)).status, 200, "the server is well");
  });

  test("a URL that is too long is refused with the id of the request", async () => {
    // Too long for the router, and not yet for workerd, which refuses a few bytes more with a text of its own.
    const response = await fetch(`${server.url}/v1/project?x=${"a".repeat(65_505)}`);
    assert.equal(response.status, 414);
    assert.match(response.headers.get("x-request-id"), /^req_/);
    assert.equal((await response.json()).error.code, "URI_TOO_LONG");
  });
});
