// The Try page beside the server: the same results byte for byte, its headers, and accessibility in every layout.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../.scripts/lib.mjs";
import { corpus } from "../e2e/server.mjs";
import { staticFiles, workerd } from "./hosts.mjs";
import { NARROW, WIDE, accessibilityViolations, open, sample, value } from "./try_page.mjs";

const SCREENSHOTS = join(ROOT, "build", "screenshots");

before(() => mkdirSync(SCREENSHOTS, { recursive: true }));

describe("compared with the server", () => {
  let host;
  let page;
  let tab;
  const compared = (text) => tab.locator(".compared", { hasText: text }).waitFor();
  const token = () => tab.getByLabel("Token (leave empty if signed in)");

  before(async () => {
    host = await workerd();
    page = await open(host.url);
    tab = page.tab;
  });

  after(async () => {
    await page?.context.close();
    await host?.stop();
  });

  test("sends nothing by default", async () => {
    await sample(tab, "Invoice PDF").click();
    await page.label("invoice");
    await value(tab, "iban").waitFor();
    assert.deepEqual(page.laterRequests(), []);
  });

  test("shows that the server requires a token, without one and with a wrong one", async () => {
    await tab.getByRole("switch", { name: "Send the document to the server too, and compare" }).check();
    await compared("asks for a token");
    await token().fill("srt_nonsense");
    await tab.getByRole("button", { name: "Use this token" }).click();
    await compared("asks for a token");
    page.errors.splice(0); // the browser logs each 401 response
  });

  test("gets the same results with a token, byte for byte", async () => {
    await token().fill(host.token);
    await tab.getByRole("button", { name: "Use this token" }).click();
    await compared("Equal, byte for byte");
    assert.ok(page.laterRequests().some((request) => request === `POST ${host.url}v1/classify`));
  });

  for (const [kind, file] of [
    ["a mail", "eml/invoice-attached-en.eml"],
    ["a Word file", "docx/rechnung-feinkost-de.docx"],
    ["a text in another encoding", "bad/latin-1.txt"],
    ["four pages", "pdf/nda-en.pdf"],
  ]) {
    test(`gets the same results for ${kind}`, async () => {
      await page.drop(file, corpus(file));
      await tab.locator(".view h2", { hasText: file }).waitFor();
      await compared("Equal, byte for byte");
    });
  }

  test("gets the same results for a typed text, and for changed rules and fields", async () => {
    await tab.getByRole("button", { name: "Write a text" }).click();
    await tab
      .getByRole("textbox", { name: "Your text" })
      .fill("The kettle broke after a day. I want my money back: 39.90 €, naïvely paid.");
    await compared("Equal, byte for byte");
    await tab
      .getByRole("textbox", { name: "Description of refund_request" })
      .fill("Somebody wants to be paid back, whatever for");
    await compared("Asking");
    await compared("Equal, byte for byte");
    await tab.getByRole("button", { name: "Remove due_date" }).click();
    await compared("Asking");
    await compared("Equal, byte for byte");
  });

  test("sends nothing once comparing is off, and aborts running requests", async () => {
    const aborted = [];
    tab.on("requestfailed", (request) => aborted.push(request.url()));
    const held = ["classify", "extract"].map((path) => {
      const { promise, resolve } = Promise.withResolvers();
      return { path: `**/v1/${path}`, promise, resolve: () => resolve() };
    });
    for (const { path, resolve } of held) await tab.route(path, resolve);
    await page.drop("poem.txt", corpus("txt/poem-en.txt"));
    await Promise.all(held.map(({ promise }) => promise));
    const before = page.laterRequests().length;
    await page.drop("secret.txt", corpus("txt/receipt-taxi-en.txt"));
    const toggle = tab.getByRole("switch");
    await toggle.uncheck();
    await page.label("receipt");
    // Longer than the page waits after a change. A timer of the page fires after those that are due before it, however
    // slow the page is; and the page's requests are recorded in their order.
    await tab.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
    await tab.evaluate(() => fetch("/v1/health").then((response) => response.text()));
    assert.deepEqual(page.laterRequests().slice(before), [`GET ${host.url}v1/health`]);
    assert.ok(aborted.some((url) => url.endsWith("/v1/classify")));
    for (const { path } of held) await tab.unroute(path);
    await toggle.check();
    await compared("Equal, byte for byte");
    page.errors.splice(0);
  });

  test("gets the same error for a rejected file", async () => {
    await page.drop("locked.pdf", corpus("bad/password-aes.pdf"));
    await tab.getByRole("alert").getByText("DOCUMENT_ENCRYPTED").waitFor();
    await compared("Equal, byte for byte");
    page.errors.splice(0);
  });

  test("a session needs no token in the page, and can be ended", async () => {
    await tab.getByLabel("Keep it in a cookie until the browser is closed").check();
    await token().fill(host.token);
    await tab.getByRole("button", { name: "Use this token" }).click();
    await tab.getByText("The token is kept in a cookie").waitFor();
    assert.equal(await token().inputValue(), "");
    await sample(tab, "Poem").click();
    await compared("Equal, byte for byte");
    assert.deepEqual(page.errors, []);
    await tab.getByRole("button", { name: "Forget it" }).click();
    await compared("asks for a token");
  });

  test("shows that there is no server", async (t) => {
    const host = await staticFiles();
    t.after(() => host.stop());
    const { tab, context, label } = await open(host.url);
    t.after(() => context.close());
    await sample(tab, "Poem").click();
    await label("none of these");
    await tab.getByRole("switch").check();
    await tab.locator(".compared", { hasText: "no Sortroom server" }).waitFor();
  });
});

test("workerd sends the policy headers, and serves the linked files", async (t) => {
  const host = await workerd();
  t.after(() => host.stop());
  const { headers } = await fetch(host.url);
  const policy = headers.get("content-security-policy");
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(policy, /default-src 'none';.*frame-ancestors 'none'/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  for (const file of ["README.md", "sortroom.schema.json"]) assert.equal((await fetch(host.url + file)).status, 200);
});

describe("accessibility", () => {
  let host;

  before(async () => {
    host = await staticFiles();
  });

  after(() => host?.stop());

  for (const colorScheme of ["light", "dark"]) {
    for (const [width, viewport] of Object.entries({
      wide: WIDE,
      medium: { width: 1000, height: 800 },
      narrow: NARROW,
    })) {
      test(`has no serious violations: ${colorScheme}, ${width}`, async () => {
        const deviceScaleFactor = width === "narrow" ? 2 : 1;
        const options = { viewport, colorScheme, deviceScaleFactor, reducedMotion: "reduce" };
        const { tab, context, label, drop } = await open(host.url, options);
        const check = async (name) => {
          await tab.screenshot({ path: join(SCREENSHOTS, `try-${colorScheme}-${width}-${name}.png`) });
          assert.deepEqual(await accessibilityViolations(tab), [], name);
          const overflow = await tab.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          assert.ok(overflow <= 0, `${name}: the page is ${overflow} pixels too wide`);
        };
        await check("1-empty");
        await sample(tab, "Invoice PDF").click();
        await label("invoice");
        await value(tab, "iban").waitFor();
        await tab.locator(".sheet canvas").waitFor();
        await check("2-pdf");
        await value(tab, "total_amount").click();
        await check("3-place");
        await tab.getByRole("textbox", { name: "Description of receipt" }).fill("short");
        await tab.locator(".rules .fault").waitFor();
        await check("4-rule");
        await tab.getByRole("button", { name: "Reset rules and fields" }).click();
        await tab.getByRole("switch").check();
        await tab.locator(".compared", { hasText: "no Sortroom server" }).waitFor();
        await check("5-server");
        await tab.getByRole("switch").uncheck();
        await drop("mail.eml", corpus("eml/refund-request-double-charge-en.eml"));
        await label("refund_request");
        await tab.evaluate(() => scrollTo(0, 0));
        await check("6-mail");
        await drop("locked.pdf", corpus("bad/password-aes.pdf"));
        await tab.getByRole("alert").waitFor();
        await check("7-failure");
        await tab.getByRole("button", { name: "Write a text" }).click();
        await tab.getByRole("textbox", { name: "Your text" }).fill("I want my money back.");
        await label("refund_request");
        await check("8-text");
        await context.close();
      });
    }
  }
});
