// Generates PDFs of plain text with any number of pages, in the fonts that every reader has.
const LINES = 46;
const WORDS = 11;

/** A PDF whose pages repeat the words of a text. */
export function pdfOf(pages, text) {
  const words = text
    .replace(/[^\x20-\x7e]+/g, " ")
    .split(/ +/)
    .filter((word) => word !== "");
  let index = 0;
  const line = () => Array.from({ length: WORDS }, () => words[index++ % words.length]).join(" ");
  const objects = ["<< /Type /Catalog /Pages 2 0 R >>"];
  const kids = Array.from({ length: pages }, (_, page) => `${5 + 2 * page} 0 R`);
  objects.push(`<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${pages} >>`);
  for (const font of ["Helvetica", "Helvetica-Bold"])
    objects.push(`<< /Type /Font /Subtype /Type1 /BaseFont /${font} /Encoding /WinAnsiEncoding >>`);
  for (let page = 1; page <= pages; page += 1) {
    const fonts = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>";
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] ${fonts} /Contents ${4 + 2 * page} 0 R >>`);
    const show = (text) => `(${text.replace(/[\\()]/g, "\\$&")}) Tj`;
    const lines = Array.from({ length: LINES }, () => `${show(line())} T*`).join("\n");
    const content = `BT /F2 16 Tf 60 780 Td ${show(`Part ${page}`)} ET\nBT /F1 9 Tf 14 TL 60 740 Td\n${lines}\nET`;
    objects.push(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  }
  let file = "%PDF-1.7\n";
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  return Buffer.from(
    `${file}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`,
  );
}
