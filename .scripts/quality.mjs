// Measures classification over a folder of labelled texts: `npm run quality -- DIR [--json FILE | --few]`.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure, main, run } from "./lib.mjs";

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: "string" }, few: { type: "boolean" } },
    });
    if (positionals.length !== 1) throw new Error("one folder is measured");
    return { folder: positionals[0], ...values };
  } catch (error) {
    throw new Failure(`${error.message}\n  npm run quality -- DIR [--json FILE | --few]`);
  }
}

/** npm runs its scripts at the root of the checkout, but paths are relative to the caller's working directory. */
const fromCaller = (path) => resolve(process.env.INIT_CWD ?? process.cwd(), path);

main(async () => {
  const { folder, json, few } = options();
  const output = json === undefined ? [] : ["--json", fromCaller(json)];
  if (few) output.push("--few");
  await run("cargo", [
    "run",
    "--quiet",
    "--release",
    "-p",
    "sortroom",
    "--example",
    "quality",
    "--",
    fromCaller(folder),
    ...output,
  ]);
});
