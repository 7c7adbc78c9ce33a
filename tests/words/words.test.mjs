// Fails on words that were retired because readers did not understand them. `retired.json` lists them with better ones.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Each a word or a phrase with better ones. */
const [anywhere, identifiers, phrases] = (() => {
  const retired = JSON.parse(readFileSync(join(ROOT, "tests/words/retired.json"), "utf8"));
  return ["anywhere", "identifiers", "phrases"].map((where) => new Map(Object.entries(retired[where])));
})();

/** Comments and strings of a family of languages. The first alternative that matches at a place wins. */
const C_LIKE =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>r#*"[\s\S]*?"#*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^']*|[^'\\\n])'|`(?:\\[\s\S]|[^`\\])*`)/g;
const SCRIPT =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`)/g;
const HASH = /(?<comment>#[^\n]*|"""[\s\S]*?""")|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/g;

const LANGUAGES = { rs: C_LIKE, ts: SCRIPT, tsx: SCRIPT, mjs: SCRIPT, py: HASH, toml: HASH };

/** Generated, or text of somebody else. */
const SKIPPED =
  /^(tests\/corpus\/generate\/|tests\/words\/|src\/web\/types\.ts$|src\/core\/benches\/engine\/texts\.rs$)/;

/** The text with everything but comments, or everything but code, blanked out. Lines stay where they are. */
function split(text, lexer) {
  const blank = (part) => part.replace(/[^\n]/g, " ");
  let [code, comments, end] = ["", "", 0];
  for (const match of text.matchAll(lexer)) {
    const between = text.slice(end, match.index);
    code += between + blank(match[0]);
    comments += blank(between) + (match.groups.comment === undefined ? blank(match[0]) : match[0]);
    end = match.index + match[0].length;
  }
  return { code: code + text.slice(end), comments: comments + blank(text.slice(end)) };
}

/** The words of identifiers, with their offsets: `spellAs`, `spell_as` and `SPELL_AS` have the same two. */
function* wordsOf(text) {
  for (const { 0: word, index } of text.matchAll(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g)) yield [word.toLowerCase(), index];
}

function* faults(file) {
  const text = readFileSync(join(ROOT, file), "utf8");
  const { code, comments } = split(text, LANGUAGES[file.split(".").pop()]);
  const fault = (index, word, better) =>
    `${file}:${text.slice(0, index).split("\n").length}: "${word}"; better: ${better}`;
  for (const [word, index] of wordsOf(code)) {
    const better = anywhere.get(word) ?? identifiers.get(word);
    if (better) yield fault(index, word, better);
  }
  for (const [word, index] of wordsOf(comments)) {
    if (anywhere.has(word)) yield fault(index, word, anywhere.get(word));
  }
  for (const [phrase, better] of phrases) {
    const pattern = new RegExp(`\\b${phrase.replaceAll(" ", "[\\s/*!#]+")}\\b`, "gi");
    for (const { index } of comments.matchAll(pattern)) yield fault(index, phrase, better);
  }
}

const files = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((file) => file.split(".").pop() in LANGUAGES && !SKIPPED.test(file));

test("the lexer tells code, comments and strings apart", () => {
  const { code, comments } = split('let a = "told // x"; // heard\n/* owed */ b', C_LIKE);
  assert.ok(!/told|heard|owed/.test(code) && /heard/.test(comments) && /owed/.test(comments) && !/told/.test(comments));
  assert.deepEqual(
    [...wordsOf("spellAs SPELT_ROWS")].map(([word]) => word),
    ["spell", "as", "spelt", "rows"],
  );
});

test("no retired word is in an identifier or a comment", () => {
  assert.ok(files.length > 200, `only ${files.length} files were read`);
  const found = files.flatMap((file) => [...faults(file)]);
  assert.equal(found.length, 0, `\n${found.join("\n")}`);
});
