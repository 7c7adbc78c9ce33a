// What should not come and does: broken, locked, empty, misnamed, or in an old encoding.
// Each says the failure it should end in (`code`) or the format it should be read as (`read_as`).

import { paragraph, title } from '../lib/blocks.mjs'
import { random } from '../lib/random.mjs'
import { scan } from '../lib/scan.mjs'
import { pdf } from '../lib/sheet.mjs'
import { zip } from '../lib/word.mjs'

const PAPER = ['INVOICE 2026/118', '', 'HARBOUR LANE JOINERY', 'UNIT 7, DOCK ROAD, BRISTOL', '', 'DATE: 14/02/2026', '', 'OAK SHELF        385.00', 'FITTING          186.00', 'VAT 20           114.20', '', 'TOTAL            685.20']
const LETTER = 'Sehr geehrte Frau Thoms,\r\n\r\nvielen Dank für Ihr Schreiben. Die Schlüssel für das Gerät habe ich am Donnerstag per Einschreiben geschickt; bitte bestätigen Sie mir kurz den Empfang.\r\n\r\nMit freundlichen Grüßen\r\nJonas Ebersbach\r\n'
const secret = [title('Board minutes'), paragraph('The board met on 12 March 2026 and resolved to keep these minutes locked.')]

const xml = (text) => Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${text}`)
const schema = 'http://schemas.openxmlformats.org'
const sheetRow = (cells, i) => `<row r="${i + 1}">${cells.map((cell, j) => (typeof cell === 'number' ? `<c r="${'ABC'[j]}${i + 1}"><v>${cell}</v></c>` : `<c r="${'ABC'[j]}${i + 1}" t="inlineStr"><is><t>${cell}</t></is></c>`)).join('')}</row>`
const workbook = () => zip({
  '[Content_Types].xml': xml(`<Types xmlns="${schema}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`),
  '_rels/.rels': xml(`<Relationships xmlns="${schema}/package/2006/relationships"><Relationship Id="rId1" Type="${schema}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`),
  'xl/workbook.xml': xml(`<workbook xmlns="${schema}/spreadsheetml/2006/main" xmlns:r="${schema}/officeDocument/2006/relationships"><sheets><sheet name="Stock" sheetId="1" r:id="rId1"/></sheets></workbook>`),
  'xl/_rels/workbook.xml.rels': xml(`<Relationships xmlns="${schema}/package/2006/relationships"><Relationship Id="rId1" Type="${schema}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`),
  'xl/worksheets/sheet1.xml': xml(`<worksheet xmlns="${schema}/spreadsheetml/2006/main"><sheetData>${[['Article', 'Shelf', 'In stock'], ['Oak shelf', 'B4', 18], ['Bench seat', 'C1', 3]].map(sheetRow).join('')}</sheetData></worksheet>`),
})

const noise = (name, length) => {
  const { int } = random(name)
  return Buffer.from(Array.from({ length }, () => int(0, 255)))
}

/** The DOS and PE headers of a program that has no code. */
function program() {
  const bytes = Buffer.alloc(1024)
  bytes.write('MZ\x90\0\x03', 'latin1')
  bytes.writeUInt32LE(0x80, 0x3c)
  bytes.write('This program cannot be run in DOS mode.\r\r\n$', 0x4e, 'latin1')
  bytes.write('PE\0\0\x64\x86', 0x80, 'latin1')
  return bytes
}

export async function documents(made) {
  const whole = (file) => made.find((document) => document.file === file).bytes
  const locked = async (name, security) => (await pdf({ title: name, pdf: security }, secret)).bytes
  const picture = scan(PAPER)
  const entry = (file, expected, bytes, note) => ({ file: `bad/${file}`, ...expected, note, bytes })
  const code = (code, more) => ({ code, ...more })
  const twoPages = whole('pdf/invoice-two-pages-en.pdf')
  return [
    entry('empty.pdf', code('NO_TEXT'), Buffer.alloc(0), 'no bytes at all'),
    entry('truncated.pdf', code('DOCUMENT_DAMAGED'), twoPages.subarray(0, Math.floor(twoPages.length * 0.4)), 'ends in the middle of a page; no catalogue, no table of objects'),
    entry('garbage.pdf', code('UNSUPPORTED_FILE_TYPE'), noise('garbage', 4096), 'random bytes under the name of a PDF'),
    entry('garbage-after-header.pdf', code('DOCUMENT_DAMAGED'), Buffer.concat([Buffer.from('%PDF-1.7\n'), noise('header', 4096)]), 'the first line of a PDF, then random bytes'),
    entry('password-rc4.pdf', code('DOCUMENT_ENCRYPTED'), await locked('Password, RC4', { userPassword: 'kestrel', ownerPassword: 'shaw', pdfVersion: '1.4' }), 'opens with the password kestrel; 128-bit RC4'),
    entry('password-aes.pdf', code('DOCUMENT_ENCRYPTED'), await locked('Password, AES', { userPassword: 'kestrel', ownerPassword: 'shaw', pdfVersion: '1.7ext3' }), 'opens with the password kestrel; 256-bit AES'),
    entry('owner-password.pdf', { read_as: 'pdf' }, await locked('Owner password', { ownerPassword: 'shaw', pdfVersion: '1.4' }), 'encrypted, but opens without a password'),
    entry('scan-without-text.pdf', code('NEEDS_OCR', { needs_ocr: true }), (await pdf({ title: 'Scan' }, [], (sheet) => sheet.doc.image(picture, 0, 0, { width: sheet.pageWidth }))).bytes, 'one page that is a picture of an invoice'),
    entry('blank-pages.pdf', code('NO_TEXT'), (await pdf({ title: 'Blank' }, [], (sheet) => sheet.turn())).bytes, 'two pages with nothing on them'),
    entry('picture.png', code('UNSUPPORTED_FILE_TYPE'), picture, 'a picture of an invoice'),
    entry('archive.zip', code('UNSUPPORTED_FILE_TYPE'), zip({ 'readme.txt': Buffer.from('nothing to sort\n') }), 'a zip that is no document'),
    entry('program.exe', code('UNSUPPORTED_FILE_TYPE'), program(), 'the headers of a program'),
    entry('workbook.pdf', { read_as: 'xlsx' }, workbook(), 'a small workbook under the name of a PDF'),
    entry('letter.pdf', { read_as: 'docx' }, whole('docx/letter-reference-en.docx'), 'a DOCX under the name of a PDF'),
    entry('utf-16.txt', { read_as: 'txt' }, Buffer.from(`\ufeff${LETTER}`, 'utf16le'), 'UTF-16, little-endian, with a byte order mark'),
    entry('latin-1.txt', { read_as: 'txt' }, Buffer.from(LETTER, 'latin1'), 'ISO 8859-1'),
  ]
}
