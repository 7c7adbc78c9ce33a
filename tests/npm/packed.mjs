// The package as others get it: packed, and installed into projects that are thrown away.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildPackage } from "../../.scripts/package.mjs";
import { ROOT, environment, run } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";

const PROJECTS = join(ROOT, "build", "npm-projects");
const CORPUS = join(ROOT, "tests", "corpus");
const json = (file) => JSON.parse(readFileSync(file, "utf8"));

export const rules = json(new URL("rules.json", import.meta.url));
export const schema = json(new URL("schema.json", import.meta.url));

/** A PDF, which takes the reader, and a mail, which does not. */
export const PDF = "pdf/invoice-en.pdf";
export const MAIL = "eml/refund-request-en.eml";

/** Every file of the corpus, good and bad. */
export const files = (() => {
  const { documents, bad } = json(join(CORPUS, "index.json"));
  return [...documents, ...bad].map(({ file }) => file);
})();

export const bytesOf = (file) => readFileSync(join(CORPUS, file));

let packed;
/** Packs the package once, and gives the file. */
export function pack() {
  packed ??= (async () => {
    const folder = await buildPackage(await setup());
    const told = await run("npm", ["pack", folder, "--pack-destination", join(ROOT, "build"), "--silent"], { quiet: true });
    return join(ROOT, "build", told.trim().split("\n").pop());
  })();
  return packed;
}

/** Makes a project with the package in it, and gives its folder. */
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
  await run("npm", ["install", await pack(), "--offline", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder, quiet: true });
  return folder;
}

let native;
/** What the native build says of every file: `{classified, extracted}` as texts, or `{code, message}`. */
export function answers() {
  native ??= (async () => {
    const workspace = ["--workspace", ...["worker", "web", "bare"].flatMap((crate) => ["--exclude", `sortroom-${crate}`])];
    await run("cargo", ["build", "--quiet", ...workspace, "--all-features", "--example", "answer"]);
    const program = join(environment().CARGO_TARGET_DIR, "debug", "examples", "answer");
    const [ruleFile, schemaFile] = ["rules.json", "schema.json"].map((file) => join(ROOT, "tests", "npm", file));
    const printed = await run(program, [ruleFile, schemaFile, ...files], { cwd: CORPUS, quiet: true });
    const lines = printed.trimEnd().split("\n").map((line) => line.split("\t"));
    const said = ([, one, other]) => (one === "-" ? JSON.parse(other) : { classified: one, extracted: other });
    return new Map(lines.map((line) => [line[0], said(line)]));
  })();
  return native;
}

/** The version of the engine that the golden decisions are of. */
export const engineVersion = readFileSync(join(ROOT, "tests", "golden", "native", "engine-versions.txt"), "utf8").trimEnd().split("\n").pop().split(" ")[0];

/** The golden decisions: what was asked, and what must be answered by this version. */
export function vectors(version) {
  const text = readFileSync(join(ROOT, "tests", "golden", "native", "vectors.http"), "utf8");
  return text.split(/^=== /m).slice(1).map((block) => {
    const [said, answered] = block.split(/^--- 200$/m);
    const name = said.slice(0, said.indexOf("\n"));
    const expected = JSON.parse(answered.replaceAll('"<text>"', JSON.stringify(version)));
    return { name, asked: JSON.parse(said.slice(said.indexOf("\n{"))), expected };
  });
}
