// The package as users get it: packed, and installed into temporary projects.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildPackage } from "../../.scripts/package.mjs";
import { ROOT, environment, run } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";

const PROJECTS = join(ROOT, "build", "npm-projects");
const CORPUS = join(ROOT, "tests", "corpus");
const json = (file) => JSON.parse(readFileSync(file, "utf8"));

export const rules = json(new URL("rules.json", import.meta.url));
export const schema = json(new URL("schema.json", import.meta.url));

/** A PDF, which needs the reader, and a mail, which does not. */
export const PDF = "pdf/invoice-en.pdf";
export const MAIL = "eml/refund-request-en.eml";

/** Every file of the corpus, valid and invalid. */
export const files = (() => {
  const { documents, bad } = json(join(CORPUS, "index.json"));
  return [...documents, ...bad].map(({ file }) => file);
})();

export const bytesOf = (file) => readFileSync(join(CORPUS, file));

let packed;
/** Packs the package once, and returns the path of the file. */
export function pack() {
  packed ??= (async () => {
    const folder = await buildPackage(await setup());
    const output = await run("npm", ["pack", folder, "--pack-destination", join(ROOT, "build"), "--silent"], {
      quiet: true,
    });
    return join(ROOT, "build", output.trim().split("\n").pop());
  })();
  return packed;
}

/** Creates a project with the package installed, and returns its folder. */
export async function project(name, files) {
  const folder = join(PROJECTS, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const write = (file, text) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  write("package.json", JSON.stringify({ name: `try-${name}`, private: true, type: "module" }));
  for (const [file, text] of Object.entries(files)) write(file, text);
  await run("npm", ["install", await pack(), "--offline", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    quiet: true,
  });
  return folder;
}

let native;
/** The results of the native build for every file: `{classified, extracted, parsed, split}` as JSON texts, or `{code, message}`. */
export function answers() {
  native ??= (async () => {
    const workspace = [
      "--workspace",
      ...["worker", "web", "bare"].flatMap((crate) => ["--exclude", `sortroom-${crate}`]),
    ];
    await run("cargo", ["build", "--quiet", ...workspace, "--all-features", "--example", "answer"]);
    const program = join(environment().CARGO_TARGET_DIR, "debug", "examples", "answer");
    const [ruleFile, schemaFile] = ["rules.json", "schema.json"].map((file) => join(ROOT, "tests", "npm", file));
    const printed = await run(program, [ruleFile, schemaFile, ...files], { cwd: CORPUS, quiet: true });
    const lines = printed
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    // The second column is `-` for an error, which is in the third.
    const toResult = ([, second, third, parsed, split]) =>
      second === "-" ? JSON.parse(third) : { classified: second, extracted: third, parsed, split };
    return new Map(lines.map((line) => [line[0], toResult(line)]));
  })();
  return native;
}

/** The engine version that made the golden decisions. */
export const engineVersion = readFileSync(join(ROOT, "tests", "golden", "native", "engine-versions.txt"), "utf8")
  .trimEnd()
  .split("\n")
  .pop()
  .split(" ")[0];

/** The golden decisions: the requests, and the expected results of this version. */
export function vectors(version) {
  const text = readFileSync(join(ROOT, "tests", "golden", "native", "vectors.http"), "utf8");
  return text
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const [head, response] = block.split(/^--- 200$/m);
      const name = head.slice(0, head.indexOf("\n"));
      const expected = JSON.parse(response.replaceAll('"<text>"', JSON.stringify(version)));
      return { name, request: JSON.parse(head.slice(head.indexOf("\n{"))), expected };
    });
}
