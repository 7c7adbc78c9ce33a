// `npm run bench:pdf -- DIR`: reads the PDFs of a folder in Node with the npm package and with pdf.js, in turn, and
// compares pages per second.
//
//   npm run bench:pdf -- DIR                 all PDFs below DIR
//   npm run bench:pdf -- DIR --every 3       every third of them, in the order of their paths
//   npm run bench:pdf -- --quick             the corpus, one round: checks that it works, does not judge speed
//   npm run bench:pdf -- DIR --json FILE     also writes the figures as JSON
//
// Both read the text of every page with the positions of its parts. A file counts if both read it; scans and damaged
// files do not. The ratio is the median of the rounds' ratios.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Failure, NODE, ROOT, log, main, run } from "../../.scripts/lib.mjs";
import { buildPackage } from "../../.scripts/package.mjs";
import { setup } from "../../.scripts/setup.mjs";
import { median } from "./load.mjs";
import { number, table } from "./table.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { every: { type: "string", default: "1" }, quick: { type: "boolean" }, json: { type: "string" } },
});
const ROUNDS = options.quick ? 1 : 5;

/** The PDFs below a folder, in the order of their paths. */
function pdfsBelow(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => /\.pdf$/i.test(name));
  return names.sort().map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}

/** Reads a PDF with the package; returns the number of pages. */
async function readOurs({ readDocument }, bytes) {
  return (await readDocument(bytes)).pages.length;
}

/** Reads a PDF with pdf.js; returns the number of pages. */
async function readTheirs({ getDocument, VerbosityLevel }, bytes) {
  // It takes the bytes away, so it gets a copy.
  const loading = getDocument({ data: bytes.slice(), verbosity: VerbosityLevel.ERRORS, useSystemFonts: false });
  try {
    const document = await loading.promise;
    for (let page = 1; page <= document.numPages; page++) await (await document.getPage(page)).getTextContent();
    return document.numPages;
  } finally {
    await loading.destroy();
  }
}

/** The seconds that `read` takes for all files. */
async function secondsOf(read, files) {
  const since = performance.now();
  for (const { bytes } of files) await read(bytes);
  return (performance.now() - since) / 1000;
}

await main(async () => {
  const folder = positionals[0] ?? (options.quick ? join(ROOT, "tests", "corpus") : undefined);
  if (!folder) throw new Failure("name a folder: npm run bench:pdf -- DIR");
  const built = await buildPackage(await setup());
  // pdf.js needs a recent Node, which the set-up installs.
  if (NODE.program !== process.execPath) return run(NODE.program, process.argv.slice(1));
  const ours = await import(pathToFileURL(join(built, "node.js")));
  const theirs = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const readers = {
    ours: (bytes) => readOurs(ours, bytes),
    theirs: (bytes) => readTheirs(theirs, bytes),
  };
  const all = pdfsBelow(folder).filter((_, index) => index % Number(options.every) === 0);
  const files = [];
  for (const file of all) {
    const pages = await Promise.all(Object.values(readers).map((read) => read(file.bytes).catch(() => 0)));
    if (pages.every((count) => count > 0)) files.push({ ...file, pages: pages[0] });
  }
  if (files.length === 0) throw new Failure(`no PDF below ${folder} is read by both`);
  const pages = files.reduce((sum, file) => sum + file.pages, 0);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    log(`pdf: round ${round + 1} of ${ROUNDS}`);
    // Who is first changes, so that neither always profits from what the other warmed up.
    const order = round % 2 === 0 ? ["ours", "theirs"] : ["theirs", "ours"];
    const seconds = {};
    for (const reader of order) seconds[reader] = await secondsOf(readers[reader], files);
    rounds.push({ ours: pages / seconds.ours, theirs: pages / seconds.theirs, ratio: seconds.theirs / seconds.ours });
  }
  const result = { files: files.length, of: all.length, pages, rounds };
  for (const figure of ["ours", "theirs", "ratio"]) result[figure] = median(rounds.map((round) => round[figure]));
  console.log(`${result.files} of ${result.of} files, ${pages} pages`);
  console.log(
    table([
      ["", "pages/s"],
      ["sortroom", number(result.ours)],
      ["pdf.js", number(result.theirs)],
      ["ratio", number(result.ratio, 2)],
    ]),
  );
  if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
});
