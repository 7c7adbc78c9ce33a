// Documents at URLs, on workerd: real servers that answer well and badly, and addresses that must not be reached.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { corpus, newProject, request, startServer, until } from "./server.mjs";

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "contract", description: "Contract or agreement between parties with terms, obligations and signatures" },
];

/** A server whose paths answer in the ways that servers of documents do. */
async function startDocuments() {
  const requests = [];
  const invoice = corpus("pdf/invoice-en.pdf");
  const answers = {
    "/invoice.pdf": (response) => response.writeHead(200, { "content-type": "application/pdf" }).end(invoice),
    "/moved": (response) => response.writeHead(302, { location: "/invoice.pdf" }).end(),
    "/loop": (response) => response.writeHead(302, { location: "/loop" }).end(),
    "/gone.pdf": (response) => response.writeHead(404).end("no"),
    "/login.pdf": (response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<!DOCTYPE html><p>Please log in</p>"),
    "/cut.pdf": (response) => {
      response.writeHead(200, { "content-type": "application/pdf", "content-length": invoice.length });
      response.write(invoice.subarray(0, 1000), () => response.destroy());
    },
    "/empty": (response) => response.writeHead(200).end(),
    "/large": (response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const chunk = Buffer.alloc(1024 * 1024, "a line of text\n");
      const write = () => {
        while (response.writable && response.write(chunk));
        if (response.writable) response.once("drain", write);
      };
      write();
    },
  };
  const server = createServer((message, response) => {
    requests.push({ path: message.url, headers: message.headers });
    const answer = answers[new URL(message.url, "http://x").pathname];
    if (answer) answer(response);
    else response.writeHead(500).end("broken");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const client = (url, token) => ({
  send: (method, path, options) => request(url, method, path, { token, ...options }),
  async classified(file_input) {
    const { id } = await this.send("POST", "/api/v2/classify", {
      body: { file_input, configuration: { rules: RULES } },
    });
    return until(
      async () => {
        const job = await this.send("GET", `/api/v2/classify/${id}`);
        return ["COMPLETED", "FAILED"].includes(job.status) && job;
      },
      { ms: 60_000, what: `the end of the job of ${file_input}` },
    );
  },
});

describe("with an operator who permits private addresses", () => {
  let server, documents, project;
  before(async () => {
    documents = await startDocuments();
    server = await startServer({ vars: { OUTBOUND_PRIVATE: "true" } });
    project = client(server.url, (await newProject(server.url)).token);
  });
  after(async () => {
    await server.stop();
    await documents.stop();
  });

  test("a document is fetched, through a redirect, and is one file", async () => {
    const job = await project.classified(`${documents.url}/invoice.pdf`);
    assert.equal(job.status, "COMPLETED", job.error_message);
    assert.equal(job.result.type, "invoice");
    assert.equal(job.document_input_type, "url");
    assert.equal(job.file_input, `${documents.url}/invoice.pdf`);
    const moved = await project.classified(`${documents.url}/moved`);
    assert.equal(moved.status, "COMPLETED", moved.error_message);
    const { items } = await project.send("GET", "/api/v1/beta/files");
    assert.deepEqual(
      items.map((file) => [file.name, file.file_type]),
      [["invoice.pdf", "pdf"]],
      "the same bytes are stored once",
    );
    for (const { headers } of documents.requests) {
      assert.deepEqual([headers.authorization, headers.cookie], [undefined, undefined], "no credentials are sent on");
      assert.match(headers["user-agent"], /^Sortroom/);
    }
    const parsed = await project.send("GET", `/api/v2/parse/${job.parse_job_id}?expand=text`);
    assert.match(parsed.text.pages[0].text, /invoice/i);
  });

  for (const [path, expected] of [
    ["/gone.pdf", /REMOTE_SERVER: .* status 404/],
    ["/login.pdf", /REMOTE_SERVER: .* web page/],
    ["/loop", /REMOTE_SERVER: .* more than 5 times/],
    ["/empty", /REMOTE_SERVER: .* empty/],
    ["/large", /TOO_LARGE: .* 32 MiB/],
    ["/cut.pdf", /REMOTE_SERVER: /],
    ["/broken", /REMOTE_SERVER: .* status 500/],
  ]) {
    test(`the job says why ${path} is no document`, async () => {
      const job = await project.classified(documents.url + path);
      assert.equal(job.status, "FAILED");
      assert.match(job.error_message, expected);
    });
  }

  test("a server that is not there", async () => {
    const job = await project.classified("http://127.0.0.1:9/invoice.pdf");
    assert.match(job.error_message, /REMOTE_SERVER: .* cannot be reached/);
  });

  test("parse, extract and the first clients take URLs too", async () => {
    const url = `${documents.url}/invoice.pdf`;
    const body = { source_url: url, tier: "fast", version: "latest" };
    const { id } = await project.send("POST", "/api/v2/parse", { body });
    const parsed = await until(async () => {
      const answer = await project.send("GET", `/api/v2/parse/${id}?expand=markdown`);
      return answer.job.status === "COMPLETED" && answer;
    });
    assert.ok(parsed.markdown.pages.length >= 1);
    const file = await project.send("PUT", "/api/v1/files/upload_from_url", { body: { url, name: "again.pdf" } });
    assert.equal(file.name, "invoice.pdf", "the bytes are known");
    const data_schema = { type: "object", properties: { invoice_number: { type: "string" } } };
    const extract = await project.send("POST", "/api/v2/extract", {
      body: { file_input: url, configuration: { data_schema } },
    });
    const done = await until(async () => {
      const job = await project.send("GET", `/api/v2/extract/${extract.id}`);
      return job.status === "COMPLETED" && job;
    });
    assert.equal(typeof done.extract_result.invoice_number, "string");
  });
});

describe("with an operator who permits public addresses only", () => {
  let server, resolver, project;
  const addresses = { "one.example.com": "10.0.0.1", "two.example.com": "127.0.0.1", "none.example.com": undefined };
  before(async () => {
    resolver = createServer((message, response) => {
      const { searchParams } = new URL(message.url, "http://x");
      const data = searchParams.get("type") === "A" && addresses[searchParams.get("name")];
      response.setHeader("content-type", "application/dns-json");
      response.end(JSON.stringify({ Status: 0, Answer: data ? [{ name: "x", type: 1, TTL: 1, data }] : [] }));
    });
    await new Promise((resolve) => resolver.listen(0, "127.0.0.1", resolve));
    server = await startServer({
      vars: { DNS_RESOLVER: `http://127.0.0.1:${resolver.address().port}/dns-query` },
    });
    project = client(server.url, (await newProject(server.url)).token);
  });
  after(async () => {
    await server.stop();
    resolver.closeAllConnections();
    resolver.close();
  });

  test("an address that is not public is refused at once", async () => {
    for (const file_input of [
      "http://127.0.0.1/",
      "http://0x7f.1/",
      "http://[::ffff:10.0.0.1]/",
      "http://localhost/",
    ]) {
      await project.send("POST", "/api/v2/classify", {
        body: { file_input, configuration: { rules: RULES } },
        status: 422,
      });
    }
  });

  test("a name that leads to one fails the job", async () => {
    for (const name of ["one", "two"]) {
      const job = await project.classified(`http://${name}.example.com/a.pdf`);
      assert.match(job.error_message, /INVALID: .* not public/);
    }
    const job = await project.classified("http://none.example.com/a.pdf");
    assert.match(job.error_message, /REMOTE_SERVER: .* has no address/);
  });
});
