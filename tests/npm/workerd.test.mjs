// The package in workerd, bundled by wrangler.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { npmBin, run } from "../../.scripts/lib.mjs";
import { MAIL, PDF, answers, bytesOf, project, rules, schema } from "./packed.mjs";

let native;
let server;

before(async () => {
  const folder = await project("workerd", {
    "index.js": `
      import { Classifier, extract, readDocument } from "sortroom";
      const rules = ${JSON.stringify(rules)};
      const classifier = new Classifier(rules);
      export default {
        async fetch(request) {
          const document = await readDocument(await request.arrayBuffer());
          if (new URL(request.url).pathname === "/extract") return Response.json(await extract(document, ${JSON.stringify(schema)}));
          return Response.json(await classifier.classify(document));
        },
      };`,
    "wrangler.toml": 'name = "try"\nmain = "index.js"\ncompatibility_date = "2026-07-30"\n',
  });
  await run(npmBin("wrangler"), ["deploy", "--dry-run", "--outdir", "out"], { cwd: folder, quiet: true });
  const out = join(folder, "out");
  const modules = readdirSync(out)
    .filter((file) => /\.(js|wasm|bin)$/.test(file))
    .sort((a, b) => (a.endsWith(".js") ? -1 : b.endsWith(".js") ? 1 : 0));
  server = new Miniflare(
    convertV4MiniflareOptions({
      modulesRoot: out,
      modules: modules.map((file) => ({
        type: { js: "ESModule", wasm: "CompiledWasm", bin: "Data" }[file.split(".").pop()],
        path: join(out, file),
        contents: readFileSync(join(out, file)),
      })),
      compatibilityDate: "2026-07-30",
    }),
  );
  native = await answers();
});

after(() => server?.dispose());

const requestText = async (path, file) => {
  const response = await server.dispatchFetch(`http://try${path}`, { method: "POST", body: bytesOf(file) });
  return response.text();
};

test("a Worker classifies a PDF and a mail", async () => {
  for (const file of [MAIL, PDF])
    assert.equal(await requestText("/", file), JSON.stringify(JSON.parse(native.get(file).classified)));
});

test("a Worker extracts", async () => {
  assert.equal(await requestText("/extract", PDF), JSON.stringify(JSON.parse(native.get(PDF).extracted)));
});
