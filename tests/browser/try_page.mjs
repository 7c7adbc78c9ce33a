// The Try page in Chromium: opening it, and finding what it shows.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { launch } from "./chromium.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const WIDE = { width: 1400, height: 900 };
export const NARROW = { width: 390, height: 844 };

export let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Opens the page in a new tab, and records its requests and errors. */
export async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  const tab = await context.newPage();
  const errors = [];
  const requests = [];
  tab.on("pageerror", (error) => errors.push(error.stack));
  tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  tab.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
  await tab.goto(url);
  await tab.locator(".readiness.ready").waitFor();
  const initialCount = requests.length;
  return {
    context,
    tab,
    errors,
    /** The requests until everything was loaded. */
    initialRequests: () => requests.slice(0, initialCount),
    /** The requests after everything was loaded. */
    laterRequests: () => requests.slice(initialCount),
    drop: (name, bytes) => drop(tab, [name, bytes]),
    dropAll: (...namesAndBytes) => drop(tab, ...namesAndBytes),
    /** Waits for a result, and returns the label. */
    label: async (expected) => {
      const label = tab.locator(".verdict .label");
      if (expected === undefined) await label.waitFor();
      else await label.getByText(expected, { exact: true }).waitFor();
      return label.innerText();
    },
  };
}

async function drop(tab, ...namesAndBytes) {
  const dataTransfer = await tab.evaluateHandle(
    (files) => {
      const data = new DataTransfer();
      for (const [name, text] of files)
        data.items.add(new File([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))], name));
      return data;
    },
    namesAndBytes.map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
  );
  await tab.dispatchEvent("body", "drop", { dataTransfer });
}

/** The serious and critical accessibility violations that axe finds. */
export async function accessibilityViolations(tab) {
  await tab.evaluate(AXE);
  const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .map(({ target }) => target.join(" "))
          .slice(0, 5)
          .join(", ")}`,
    );
}

/** Waits until an element has the focus. */
export async function waitForFocus(tab, locator) {
  const hasFocus = () => locator.evaluate((element) => element === document.activeElement);
  for (let tries = 0; !(await hasFocus()); tries += 1) {
    const focused = await tab.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
    assert.ok(tries < 400, `${locator} does not have the focus; ${focused} has`);
    await tab.waitForTimeout(25);
  }
}

export const sample = (tab, name) => tab.getByRole("group", { name: "Samples" }).getByRole("button", { name });
export const rule = (tab, label) => {
  const description = tab.getByRole("textbox", { name: `Description of ${label}`, exact: true });
  return tab.locator(".rules li").filter({ has: description });
};
export const value = (tab, field) => {
  const header = tab.getByRole("rowheader", { name: field, exact: true });
  return tab.locator(".found tr").filter({ has: header }).getByRole("button");
};
