// The Try page, used with the mouse and with the keyboard, from workerd and from a static file host.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { corpus } from "../e2e/server.mjs";
import { staticFiles, workerd } from "./hosts.mjs";
import { pdfOf } from "./pages.mjs";
import { WIDE, browser, open, rule, sample, value, waitForFocus } from "./try_page.mjs";

for (const [hostName, start] of Object.entries({ workerd, "a static file host": staticFiles })) {
  describe(`from ${hostName}`, () => {
    let host;
    let page;
    let tab;

    before(async () => {
      host = await start();
      page = await open(host.url);
      tab = page.tab;
      // From now on there is no network.
      await page.context.setOffline(true);
    });

    after(async () => {
      await page?.context.close();
      await host?.stop();
    });

    test("is painted before the engine loads, and sends no requests to other origins", async (t) => {
      const times = await tab.evaluate(() => {
        const timeOf = (name) => performance.getEntriesByName(name)[0].startTime;
        return {
          paint: timeOf("first-contentful-paint"),
          begin: timeOf("engine:begin"),
          engine: timeOf("engine:ready"),
          all: timeOf("all:ready"),
        };
      });
      t.diagnostic(
        `first paint after ${times.paint.toFixed()} ms, engine ready after ${times.engine.toFixed()} ms, everything after ${times.all.toFixed()} ms`,
      );
      const { origin } = new URL(host.url);
      assert.deepEqual(
        page.initialRequests().filter((request) => !request.startsWith(`GET ${origin}/`)),
        [],
      );
    });

    test("shows the label, all scores, the evidence and the fields of a sample", async () => {
      await sample(tab, "Invoice PDF").click();
      assert.equal(await page.label("invoice"), "invoice");
      const meter = Number(await tab.getByRole("meter", { name: "Confidence" }).getAttribute("aria-valuenow"));
      assert.ok(meter > 0.9 && meter <= 1);
      const scores = await tab.locator(".scores tbody tr").allInnerTexts();
      assert.equal(scores.length, await tab.locator(".rules li").count());
      assert.match(scores[1], /runner-up, \d+\.\d\d behind/);
      await value(tab, "total_amount").getByText("5291.40").waitFor();
      await tab.locator(".sheet canvas").waitFor();
      await tab
        .getByRole("status")
        .filter({ hasText: /invoice, \d+ % sure. Runner-up: / })
        .waitFor({ state: "attached" });
    });

    test("marks the evidence on the page, stronger for larger weights", async () => {
      const marks = await tab.locator(".sheet .mark").evaluateAll((elements) =>
        elements.map((mark) => ({
          title: mark.title,
          alpha: Number(getComputedStyle(mark).backgroundColor.match(/([\d.]+)\)$/)[1]),
        })),
      );
      const weight = ({ title }) => Number(title.match(/[+−]([\d.]+)/)[1]);
      const sorted = marks.filter(({ title }) => title.includes("+")).sort((a, b) => weight(b) - weight(a));
      assert.ok(sorted.length > 5);
      assert.ok(sorted.every(({ alpha }, index) => index === 0 || alpha <= sorted[index - 1].alpha + 1e-3));
      assert.ok(sorted[0].alpha > 2 * sorted.at(-1).alpha);
    });

    for (const file of [
      "invoice-en.pdf",
      "invoice-rotated-en.pdf",
      "rechnung-querformat-de.pdf",
      "invoice-small-print-en.pdf",
    ]) {
      test(`frames only places with ink: ${file}`, async () => {
        await page.drop(file, corpus(`pdf/${file}`));
        await tab.locator(".view h2", { hasText: file }).waitFor();
        await tab.locator(".sheet canvas").first().waitFor();
        await tab.locator(".sheet .place").first().waitFor();
        const frames = await tab.locator(".sheet button.place").evaluateAll((places) =>
          places.map((place) => {
            const canvas = place.closest(".sheet").querySelector("canvas");
            const [outer, inner] = [canvas.getBoundingClientRect(), place.getBoundingClientRect()];
            const scale = canvas.width / outer.width;
            const box = [inner.x - outer.x, inner.y - outer.y, inner.width, inner.height].map((length) =>
              Math.round(length * scale),
            );
            const { data } = canvas.getContext("2d").getImageData(...box);
            const red = data.filter((_, index) => index % 4 === 0);
            const dark = red.filter((value) => value < 160).length;
            return { name: place.ariaLabel, darkFraction: dark / red.length };
          }),
        );
        assert.ok(frames.length > 3);
        for (const { name, darkFraction } of frames) {
          assert.ok(darkFraction > 0.02 && darkFraction < 0.7, `${name}: ${darkFraction}`);
        }
      });
    }

    for (const [file, label, shown] of [
      ["pdf/bank-statement-en.pdf", "bank_statement", ".sheet canvas"],
      ["eml/refund-request-en.eml", "refund_request", ".leaf mark"],
      ["docx/invoice-en.docx", "invoice", ".leaf mark"],
      ["html/invoice-hosting-en.html", "invoice", ".leaf mark"],
      ["txt/receipt-taxi-en.txt", "receipt", ".leaf mark"],
      ["txt/poem-en.txt", "none of these", ".leaf"],
    ]) {
      test(`classifies and marks a dropped file: ${file}`, async () => {
        await page.drop(file, corpus(file));
        await page.label(label);
        await tab.locator(shown).first().waitFor();
        // The marked text is the text of the evidence.
        for (const mark of await tab.locator(".leaf mark[id]").all()) {
          assert.match(
            await mark.getAttribute("title"),
            new RegExp(`^“${(await mark.innerText()).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`),
          );
        }
      });
    }

    test("marks the right places in a text with characters beyond ASCII", async () => {
      await page.drop("naïve.txt", "Größe – 5 € 🙂 Überweisung: refund wanted, please give me my money back. Añejo.");
      await page.label("refund_request");
      // The marks are there before they are laid out, and have no inner text until then.
      await tab.locator(".leaf mark[id]", { hasText: "money" }).first().waitFor();
      const texts = await tab.locator(".leaf mark[id]").allTextContents();
      assert.ok(texts.includes("refund") && texts.includes("money"), texts.join());
    });

    test("lists and opens the attachment of a mail", async () => {
      await sample(tab, "Mail with an invoice").click();
      await tab
        .locator(".attachments")
        .getByText(/invoice, .*sure/)
        .waitFor();
      await tab.locator(".attachments button").first().click();
      await tab.locator(".sheet canvas").waitFor();
      await page.label("invoice");
      await waitForFocus(tab, tab.locator("#view-title"));
      await tab.getByRole("button", { name: "Back to the mail" }).click();
      await tab.locator(".attachments").waitFor();
    });

    test("classifies a text while it is typed", async () => {
      const text = tab.getByRole("textbox", { name: "Your text" });
      const write = tab.getByRole("button", { name: "Write a text" });
      await write.click();
      await waitForFocus(tab, text);
      assert.equal(await tab.getByRole("alert").count(), 0, "an empty text is not an error");
      await text.pressSequentially("Please give me my money back for the broken kettle.");
      await page.label("refund_request");
      await write.click();
      await waitForFocus(tab, text);
      assert.match(await text.inputValue(), /kettle/);
      await text.fill(" ");
      await tab.locator(".verdict").waitFor({ state: "detached" });
      assert.equal(await tab.getByRole("alert").count(), 0);
      await tab
        .getByRole("textbox", { name: "Your text" })
        .fill("Curriculum vitae. Work experience: ten years as a cook. Education: school of catering. Skills: soups.");
      await page.label("cv");
      await tab.locator(".leaf mark", { hasText: "Curriculum" }).waitFor();
    });

    test("shows a pasted text, also in place of another", async () => {
      for (const words of ["I want my money back.", "Curriculum vitae: work experience, education, skills."]) {
        await tab.locator("h1").evaluate((element, words) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", words);
          element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }, words);
        await tab.locator(".leaf", { hasText: words }).waitFor();
        assert.equal(await tab.getByRole("textbox", { name: "Your text" }).inputValue(), words);
      }
    });

    test("opens the first of several files, and says so", async () => {
      await page.dropAll(["poem.txt", corpus("txt/poem-en.txt")], ["invoice.pdf", corpus("pdf/invoice-en.pdf")]);
      const note = tab.locator(".source .note");
      await note.getByText("Only the first of 2 files was opened.").waitFor();
      await page.label("none of these");
      await page.drop("invoice.pdf", corpus("pdf/invoice-en.pdf"));
      await page.label("invoice");
      assert.equal(await note.count(), 0);
    });

    test("evidence links to its place in a text, also a second time", async () => {
      await page.drop("mail.eml", corpus("eml/refund-request-double-charge-en.eml"));
      for (const word of ["refund", "twice", "refund"]) {
        await tab
          .locator(".words")
          .getByRole("button", { name: new RegExp(`^${word} `) })
          .first()
          .click();
        await waitForFocus(tab, tab.locator(".leaf mark[id]", { hasText: word }).first());
      }
    });

    test("a link shows a place beyond the shown part of a text", async () => {
      const filler = "Über allen Gipfeln ist Ruh, in allen Wipfeln spürest du kaum einen Hauch.\n\n".repeat(2_500);
      await page.drop("long.txt", `${filler}IBAN: GB61 NRTW 6974 4913 4578 82\n\n${filler}`);
      await tab.getByRole("button", { name: "Show more of the page" }).waitFor();
      assert.equal(await tab.locator(".leaf", { hasText: "GB61" }).count(), 0);
      await value(tab, "iban").click();
      await waitForFocus(tab, tab.locator(".leaf").getByRole("button", { name: /^iban: / }));
    });

    test("two values in the same words both link there", async () => {
      await page.drop("bill.txt", "Invoice\n\nAmount due: 81.40 EUR\n\nThank you.");
      await value(tab, "total_amount").waitFor();
      await tab.getByRole("button", { name: "Add a field" }).click();
      await tab.keyboard.type("amount_due");
      await tab.getByRole("combobox", { name: "Kind of amount_due" }).selectOption("money");
      await value(tab, "amount_due").getByText("81.40").waitFor();
      for (const field of ["total_amount", "amount_due"]) {
        await value(tab, field).click();
        await tab.waitForFunction(() => document.activeElement.closest(".leaf"));
        assert.match(await tab.locator(".leaf .place").getAttribute("class"), /\blit\b/);
      }
      await tab.getByRole("button", { name: "Reset rules and fields" }).click();
    });

    test("with an invalid rule another document shows the error, and is classified once the rule is corrected", async () => {
      await sample(tab, "Poem").click();
      await page.label("none of these");
      const description = tab.getByRole("textbox", { name: "Description of receipt" });
      await description.fill("short");
      await tab.locator(".rules .fault").waitFor();
      await page.drop("mail.eml", corpus("eml/refund-request-en.eml"));
      await tab.getByRole("alert").getByText("The rules or fields need a change").waitFor();
      await page.drop("locked.pdf", corpus("bad/password-aes.pdf"));
      await tab.getByRole("alert").getByText("DOCUMENT_ENCRYPTED").waitFor();
      assert.equal(await tab.locator(".rules .fault").count(), 0, "the rules have no errors if they were not used");
      await tab.getByRole("button", { name: "Reset rules and fields" }).click();
      await page.drop("mail.eml", corpus("eml/refund-request-en.eml"));
      await page.label("refund_request");
    });

    test("a changed rule changes the label; an invalid rule shows its error", async () => {
      await sample(tab, "Poem").click();
      await page.label("none of these");
      await tab.getByRole("button", { name: "Add a rule" }).click();
      const label = tab.getByRole("textbox", { name: "Label of rule 8" });
      await waitForFocus(tab, label);
      await tab.keyboard.type("poem");
      await rule(tab, "poem").getByText("Counts once both are written").waitFor();
      await tab.keyboard.press("Tab");
      const description = tab.getByRole("textbox", { name: "Description of poem" });
      await waitForFocus(tab, description);
      await tab.keyboard.type("Poem");
      await tab.locator(".rules .fault").first().waitFor();
      assert.equal(await description.getAttribute("aria-invalid"), "true");
      await tab.locator(".answer .note").waitFor();
      await description.fill("A poem: short lines about night, sea, wind or love, in verse");
      await page.label("poem");
      assert.equal(await tab.locator(".rules .fault").count(), 0);
      await rule(tab, "poem").getByRole("button", { name: "Remove rule poem" }).click();
      await page.label("none of these");
      await waitForFocus(tab, tab.getByRole("textbox", { name: "Label of rule 7" }));
    });

    test("extracts changed fields", async () => {
      await sample(tab, "Invoice PDF").click();
      await value(tab, "invoice_number").waitFor();
      await tab.getByRole("textbox", { name: "Name of field 1", exact: true }).fill("bic");
      await tab.getByRole("textbox", { name: "What else documents call bic, separated by commas" }).fill("BIC, SWIFT");
      await value(tab, "bic").getByText("NRTWGB2X").waitFor();
      await tab.getByRole("button", { name: "Add a field" }).click();
      await waitForFocus(tab, tab.getByRole("textbox", { name: "Name of field 7", exact: true }));
      await tab.keyboard.type("vat_id");
      await tab.getByRole("combobox", { name: "Kind of vat_id" }).selectOption("vat_id");
      await value(tab, "vat_id").getByText("GB584891288").waitFor();
      await tab.getByRole("button", { name: "Remove vat_id" }).click();
      await value(tab, "vat_id").waitFor({ state: "detached" });
      await tab.getByRole("button", { name: "Reset rules and fields" }).click();
      await value(tab, "invoice_number").getByText("INV-2026-0147").waitFor();
    });

    test("a value links to its place, and the place back", async () => {
      const assertHighlighted = async (locator) => {
        await waitForFocus(tab, locator);
        assert.match(await locator.getAttribute("class"), /\blit\b/);
      };
      const place = tab.locator(".sheet").getByRole("button", { name: "total_amount: 5291.40" });
      await value(tab, "total_amount").click();
      await assertHighlighted(place);
      await place.click();
      await assertHighlighted(value(tab, "total_amount"));
      await tab.getByRole("button", { name: "Text", exact: true }).click();
      await tab
        .locator(".leaf")
        .getByRole("button", { name: /^total_amount: .*5.?291\.40/ })
        .click();
      await assertHighlighted(value(tab, "total_amount"));
      await tab.getByRole("button", { name: "Pages", exact: true }).click();
      await tab
        .locator(".words")
        .getByRole("button", { name: /^INVOICE/ })
        .click();
      await assertHighlighted(tab.locator(".sheet").getByRole("note", { name: /^“INVOICE”/ }));
    });

    for (const [file, code, explanation] of [
      ["bad/password-aes.pdf", "DOCUMENT_ENCRYPTED", /locked with a password/],
      ["bad/garbage-after-header.pdf", "DOCUMENT_DAMAGED", /damaged/],
      ["bad/scan-without-text.pdf", "NEEDS_OCR", /no text/],
      ["bad/empty.pdf", "NO_TEXT", /no text/],
      ["bad/picture.png", "UNSUPPORTED_FILE_TYPE", /kind of file is not read/],
    ]) {
      test(`explains in plain words why a file is rejected: ${file}`, async () => {
        await page.drop(file, corpus(file));
        const alert = tab.getByRole("alert");
        await alert.getByText(code).waitFor();
        assert.match(await alert.innerText(), explanation);
      });
    }

    test("explains in plain words that a file is too large", async () => {
      const dataTransfer = await tab.evaluateHandle(() => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(33 * 1024 * 1024)], "large.pdf"));
        return data;
      });
      await tab.dispatchEvent("body", "drop", { dataTransfer });
      await tab.getByRole("alert").getByText("DOCUMENT_TOO_LARGE").waitFor();
      await page.drop("mail.eml", corpus("eml/refund-request-en.eml"));
      await page.label("refund_request");
      assert.equal(await tab.getByRole("alert").count(), 0);
    });

    test("measures reading, classifying and drawing of ten pages", async (t) => {
      const pdf = pdfOf(10, corpus("md/nda-mutual-en.md").toString());
      const measure = async () => {
        await tab.evaluate(() => performance.clearMarks());
        await page.drop("ten.pdf", pdf);
        await tab.locator(".view h2", { hasText: "ten.pdf" }).waitFor();
        for (let tries = 0; ; tries += 1) {
          const [marks, visible] = await tab.evaluate(() => [
            performance.getEntriesByType("mark").map(({ name, detail, startTime }) => ({ name, detail, startTime })),
            [...document.querySelectorAll(".sheet")].flatMap((sheet, index) => {
              const [box, viewport] = [sheet.getBoundingClientRect(), sheet.closest(".scroll").getBoundingClientRect()];
              return box.top < viewport.bottom && box.bottom > viewport.top ? [index + 1] : [];
            }),
          ]);
          const timeOf = (name, detail) =>
            marks.find((mark) => mark.name === name && (detail === undefined || mark.detail === detail))?.startTime;
          const ends = [timeOf("classifying:done"), ...visible.map((page) => timeOf("drawn", page))];
          if (visible.length > 0 && ends.every((end) => end !== undefined)) {
            const start = timeOf("open");
            return { ms: Math.max(...ends) - start, read: timeOf("read") - start, pages: visible.length };
          }
          assert.ok(tries < 200, "the pages were not drawn");
          await tab.waitForTimeout(25);
        }
      };
      const report = (name, { ms, read, pages }) =>
        t.diagnostic(
          `${name}: ${pages} pages in sight drawn ${ms.toFixed()} ms after the drop, read after ${read.toFixed()} ms`,
        );
      const runs = [];
      for (let run = 0; run < 5; run += 1) {
        runs.push(await measure());
        await sample(tab, "Poem").click();
        await page.label("none of these");
      }
      runs.sort((a, b) => a.ms - b.ms);
      report("median of five", runs[2]);
      await tab.setViewportSize({ width: 1400, height: 16_000 });
      report("all in sight", await measure());
      await tab.setViewportSize(WIDE);
    });

    test("sends no requests after loading, and has no errors", () => {
      assert.deepEqual(page.laterRequests(), []);
      assert.deepEqual(page.errors, []);
    });

    test("shows the progress of slow work, which can be stopped", async () => {
      // A stopped worker is started again, which loads its script from the host.
      await page.context.setOffline(false);
      // No document is slow enough on every machine, so the worker gets its tasks late.
      await tab.evaluate(() => {
        const { postMessage } = Worker.prototype;
        Worker.prototype.postMessage = function (...message) {
          setTimeout(() => postMessage.apply(this, message), 60_000);
        };
        window.restoreWorkers = () => Object.assign(Worker.prototype, { postMessage });
      });
      await page.drop("letter.txt", corpus("txt/letter-council-en.txt"));
      await tab.locator(".progress progress").waitFor();
      await tab.evaluate(() => window.restoreWorkers());
      await tab.getByRole("button", { name: "Stop" }).click();
      await tab.locator(".verdict, .progress").waitFor({ state: "detached" });
      await waitForFocus(tab, tab.locator(".source input"));
      await sample(tab, "Invoice PDF").click();
      await page.label("invoice");
      assert.deepEqual(page.errors, []);
    });
  });

  test(`works with the keyboard alone, from ${hostName}`, async (t) => {
    const host = await start();
    t.after(() => host.stop());
    const { tab, context, label } = await open(host.url);
    t.after(() => context.close());
    const focusedName = () => tab.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.innerText);
    const tabTo = async (pattern) => {
      for (let count = 0; count < 80; count += 1) {
        await tab.keyboard.press("Tab");
        if (pattern.test((await focusedName()) ?? "")) return;
      }
      assert.fail(`the focus did not reach ${pattern}`);
    };
    const place = tab.locator(".sheet").getByRole("button", { name: "iban: GB61NRTW69744913457882" });
    await tabTo(/^Invoice\s+PDF/);
    await tab.keyboard.press("Enter");
    await label("invoice");
    await value(tab, "iban").waitFor();
    await place.waitFor();
    await tabTo(/^GB61NRTW69744913457882/);
    await tab.keyboard.press("Enter");
    await waitForFocus(tab, place);
    await tab.keyboard.press("Enter");
    await waitForFocus(tab, value(tab, "iban"));
    await tabTo(/^Label of rule 1$/);
    await tab.keyboard.press("Control+A");
    await tab.keyboard.type("bill");
    await label("bill");
  });
}

test("opens the last picked of two samples that are still loading", async (t) => {
  const host = await staticFiles();
  t.after(() => host.stop());
  const context = await browser.newContext({ viewport: WIDE });
  t.after(() => context.close());
  const tab = await context.newPage();
  const { promise: released, resolve: release } = Promise.withResolvers();
  await tab.route("**/*.pdf", (route) => released.then(() => route.continue()));
  await tab.goto(host.url);
  await sample(tab, "Invoice PDF").click();
  await sample(tab, "Bank statement").click();
  release();
  await tab.locator(".view h2", { hasText: "bank-statement-en.pdf" }).waitFor();
  await tab.locator(".readiness.ready").waitFor();
  assert.match(await tab.locator(".view h2").innerText(), /^bank-statement-en\.pdf/);
});
