// DOCX of the same blocks.

import {
  AlignmentType, Document, Footer, HeadingLevel, Header, LevelFormat, Packer, PageNumber, Paragraph, Table, TableCell, TableRow, TextRun, WidthType,
} from 'docx'
import { unzipSync, zipSync } from 'fflate'
import { withoutChance } from './random.mjs'

const WIDTH = 9300 // twentieths of a point
const cell = (content, width, { align, bold } = {}) =>
  new TableCell({
    width: { size: Math.round(width), type: WidthType.DXA },
    margins: { left: 80, right: 80, top: 40, bottom: 40 },
    children: [new Paragraph({ alignment: align === 'right' ? AlignmentType.RIGHT : AlignmentType.LEFT, children: [new TextRun({ text: String(content), bold })] })],
  })

function grid(columns, rows) {
  const total = columns.reduce((sum, { width }) => sum + width, 0)
  const width = ({ width }) => (width / total) * WIDTH
  const row = (cells, how) => new TableRow({ tableHeader: how?.bold, children: cells.map((content, i) => cell(content, width(columns[i]), { align: columns[i].align, ...how })) })
  const head = columns.some(({ title }) => title) ? [row(columns.map(({ title }) => title), { bold: true })] : []
  return new Table({ width: { size: WIDTH, type: WidthType.DXA }, columnWidths: columns.map((column) => Math.round(width(column))), rows: [...head, ...rows.map((cells) => row(cells))] })
}

const DOCX = {
  title: ({ text }) => [new Paragraph({ text, heading: HeadingLevel.TITLE })],
  heading: ({ text }) => [new Paragraph({ text, heading: HeadingLevel.HEADING_1 })],
  paragraph: ({ text, style }) => [new Paragraph({ spacing: { after: 140 }, children: [new TextRun({ text, bold: style === 'bold', italics: style === 'italic' })] })],
  lines: ({ lines, align }) => [...lines.map((text) => new Paragraph({ text, alignment: align === 'right' ? AlignmentType.RIGHT : AlignmentType.LEFT })), new Paragraph('')],
  list: ({ items, ordered }, instance) => items.map((text) => new Paragraph({ text, numbering: { reference: ordered ? 'numbers' : 'bullets', level: 0, instance } })),
  pairs: ({ rows }) => [grid([{ title: '', width: 1 }, { title: '', width: 2 }], rows), new Paragraph('')],
  totals: ({ rows }) => [grid([{ title: '', width: 3 }, { title: '', width: 1, align: 'right' }], rows.map(([label, value]) => [label, value])), new Paragraph('')],
  rule: () => [new Paragraph({ thematicBreak: true })],
  space: () => [new Paragraph('')],
  table: ({ columns, rows }) => [grid(columns, rows), new Paragraph('')],
}

const level = (format, text) => [{ level: 0, format, text, alignment: AlignmentType.LEFT, style: { paragraph: { indent: { left: 500, hanging: 300 } } } }]
const run = (children) => [new Paragraph({ children: [new TextRun({ size: 16, children })] })]

export function docx({ title, author = 'Sortroom corpus', date = '2026-01-15', header, footer = title }, blocks) {
  return withoutChance(title, async () => {
    const file = new Document({
      title, creator: author, lastModifiedBy: author,
      numbering: { config: [{ reference: 'bullets', levels: level(LevelFormat.BULLET, '•') }, { reference: 'numbers', levels: level(LevelFormat.DECIMAL, '%1.') }] },
      sections: [{
        headers: header ? { default: new Header({ children: run([header]) }) } : {},
        footers: { default: new Footer({ children: run([`${footer} – `, PageNumber.CURRENT, ' / ', PageNumber.TOTAL_PAGES]) }) },
        children: blocks.flatMap((block, i) => DOCX[block.is](block, i)),
      }],
    })
    return { bytes: fixed(await Packer.toBuffer(file), `${date}T09:00:00Z`) }
  })
}

/** The same archive in the order Word writes it, with every clock reading replaced by `created`. */
function fixed(archive, created) {
  const made = unzipSync(archive)
  const names = Object.keys(made).filter((name) => !name.endsWith('/') && name !== '[Content_Types].xml')
  const parts = Object.fromEntries(['[Content_Types].xml', ...names].map((name) => [name, made[name]]))
  const core = Buffer.from(parts['docProps/core.xml']).toString().replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, created)
  parts['docProps/core.xml'] = Buffer.from(core)
  return zip(parts)
}

/** A zip whose entries all date from the first second a zip can tell, in local time, whatever the zone. */
export const zip = (parts) => Buffer.from(zipSync(parts, { level: 9, mtime: new Date(1980, 0, 1) }))
