// PDF: a page one writes on from top to bottom, in one or more columns, that turns itself over when it is full.

import zlib from 'node:zlib'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { zlibSync } from 'fflate'
import PDFDocument from 'pdfkit'
import { withoutChance } from './random.mjs'

// Node's zlib differs between releases and processors; this one gives the same bytes everywhere.
zlib.deflateSync = (data) => Buffer.from(zlibSync(data, { level: 9 }))

const require = createRequire(import.meta.url)
const embedded = (family, weight) => readFileSync(require.resolve(`@expo-google-fonts/${family.replace('PT', 'pt-').toLowerCase()}/${weight}/${family}_${weight}.ttf`))
const ptFamily = (name) => ({
  regular: embedded(name, '400Regular'),
  bold: embedded(name, '700Bold'),
  italic: embedded(name, '400Regular_Italic'),
})
const FONTS = {
  sans: { regular: 'Helvetica', bold: 'Helvetica-Bold', italic: 'Helvetica-Oblique' },
  serif: { regular: 'Times-Roman', bold: 'Times-Bold', italic: 'Times-Italic' },
  mono: { regular: 'Courier', bold: 'Courier-Bold', italic: 'Courier-Oblique' },
  'embedded-sans': ptFamily('PTSans'),
  'embedded-serif': ptFamily('PTSerif'),
}

export class Sheet {
  /** `footer(page, pages)` and `header(page, pages)` return { left?, center?, right? } or nothing. */
  constructor({ font = 'sans', size = 10, page = 'A4', landscape = false, rotated = false, margin = 56, top = margin, bottom = margin, columns = 1,
    color = '#1d3b5c', justified = false, title, author = 'Sortroom corpus', date = '2026-01-15', header, footer, pdf = {} }) {
    const created = new Date(`${date}T09:00:00Z`)
    this.doc = new PDFDocument({
      autoFirstPage: false, bufferPages: true, size: page, layout: landscape ? 'landscape' : 'portrait', margin: 0,
      info: { Title: title, Author: author, Creator: 'Sortroom corpus', Producer: 'pdfkit', CreationDate: created, ModDate: created }, ...pdf,
    })
    Object.assign(this, { font, size, rotated, margin, top, bottom, color, justified, header, footer, columnCount: columns, title })
    for (const [family, styles] of Object.entries(FONTS)) for (const [style, source] of Object.entries(styles)) this.doc.registerFont(`${family}/${style}`, source)
    this.pages = 0
    this.turn()
  }

  turn() {
    this.doc.addPage()
    this.pages += 1
    const { width, height } = this.doc.page
    ;[this.pageWidth, this.pageHeight] = this.rotated ? [height, width] : [width, height]
    if (this.rotated) {
      this.doc.page.dictionary.data.Rotate = 90
      this.doc.transform(0, -1, 1, 0, 0, height)
    }
    this.column = 0
    this.columnTop = this.top
    this.flow()
  }

  /** Starts the text columns at the current height: what stands above spans the page. */
  split(columns) {
    this.columnCount = columns
    this.columnTop = this.y
    this.column = 0
    this.flow()
  }

  flow() {
    const gutter = 22
    const full = this.pageWidth - 2 * this.margin
    this.width = (full - gutter * (this.columnCount - 1)) / this.columnCount
    this.x = this.margin + this.column * (this.width + gutter)
    this.y = this.columnTop
  }

  get end() {
    return this.pageHeight - this.bottom
  }

  /** Makes room for `height`: the next column, or the next page. True if it had to move. */
  room(height) {
    if (this.y + height <= this.end) return false
    if (this.column + 1 < this.columnCount) {
      this.column += 1
      this.flow()
    } else this.turn()
    return true
  }

  nextColumn() {
    this.column += 1
    this.flow()
    return this
  }

  face(style, size) {
    return this.doc.font(`${this.font}/${style}`).fontSize(size)
  }

  height(text, { width = this.width, style = 'regular', size = this.size, gap = size * 0.22 } = {}) {
    return this.face(style, size).heightOfString(text, { width, lineGap: gap })
  }

  /** Writes at a place and leaves the cursor alone; returns the height. */
  put(text, { x = this.x, y = this.y, width = this.width, align = 'left', style = 'regular', size = this.size, color = '#141414', gap = size * 0.22 } = {}) {
    const height = this.height(text, { width, style, size, gap })
    this.doc.fillColor(color).text(text, x, y, { width, align, lineGap: gap })
    return height
  }

  /** Writes at the cursor and moves it down. */
  write(text, { after = 0, ...how } = {}) {
    this.room(this.height(text, how))
    this.y += this.put(text, how) + after
    return this
  }

  line({ x = this.x, y = this.y, width = this.width, color = '#555', weight = 0.6 } = {}) {
    this.doc.moveTo(x, y).lineTo(x + width, y).lineWidth(weight).strokeColor(color).stroke()
  }

  box(x, y, width, height, { fill, stroke } = {}) {
    if (fill) this.doc.rect(x, y, width, height).fill(fill)
    if (stroke) this.doc.rect(x, y, width, height).lineWidth(0.6).strokeColor(stroke).stroke()
  }

  /** Label and value side by side at a place; returns the height. */
  putPairs(rows, { x = this.x, y = this.y, width = this.width, share = 0.45, align = 'left', size = this.size, bold = false } = {}) {
    let used = 0
    for (const [label, value, strong] of rows) {
      const style = strong ? 'bold' : 'regular'
      const left = this.put(label, { x, y: y + used, width: width * share - 6, size, style: bold || strong ? 'bold' : 'regular' })
      const right = this.put(value, { x: x + width * share, y: y + used, width: width * (1 - share), align, size, style })
      used += Math.max(left, right) + 2
    }
    return used
  }

  draw(blocks) {
    blocks.forEach((block, i) => DRAW[block.is](this, block, blocks[i + 1]))
    return this
  }

  async bytes() {
    const { doc } = this
    for (let i = 0; i < this.pages; i++) {
      doc.switchToPage(i)
      this.margins(this.header?.(i + 1, this.pages), this.top / 2 - 6)
      this.margins(this.footer?.(i + 1, this.pages), this.pageHeight - this.bottom + 16)
    }
    const chunks = []
    doc.on('data', (chunk) => chunks.push(chunk))
    const ended = new Promise((resolve) => doc.on('end', resolve))
    doc.end()
    await ended
    return Buffer.concat(chunks)
  }

  margins(texts = {}, y) {
    const width = this.pageWidth - 2 * this.margin
    for (const [align, text] of Object.entries(texts)) if (text) this.put(text, { x: this.margin, y, width, align, size: 7.5, color: '#555' })
  }
}

const DRAW = {
  title: (sheet, { text }) => sheet.write(text, { size: sheet.size * 1.7, style: 'bold', color: sheet.color, after: sheet.size }),
  /** Stays with what follows it. */
  heading(sheet, { text }, next) {
    const body = next?.is === 'paragraph' ? sheet.height(next.text) : sheet.size * 4
    sheet.room(sheet.size * 2.6 + Math.min(body, (sheet.end - sheet.top) / 2))
    sheet.y += sheet.size * 0.5
    sheet.write(text, { size: sheet.size * 1.15, style: 'bold', color: sheet.color, after: sheet.size * 0.35 })
  },
  paragraph: (sheet, { text, style }) => sheet.write(text, { style, align: sheet.justified ? 'justify' : 'left', after: sheet.size * 0.7 }),
  lines(sheet, { lines, align }) {
    sheet.room(lines.reduce((sum, line) => sum + sheet.height(line || ' '), 0))
    for (const line of lines) sheet.write(line, { align })
    sheet.y += sheet.size
  },
  list(sheet, { items, ordered }) {
    const indent = sheet.size * 1.8
    items.forEach((item, i) => {
      const width = sheet.width - indent
      sheet.room(sheet.height(item, { width }))
      sheet.put(ordered ? `${i + 1}.` : '•', { x: sheet.x + indent * 0.35 })
      sheet.y += sheet.put(item, { x: sheet.x + indent, width }) + sheet.size * 0.25
    })
    sheet.y += sheet.size * 0.4
  },
  pairs(sheet, { rows }) {
    sheet.room(rows.length * sheet.size * 1.4)
    sheet.y += sheet.putPairs(rows, { share: 0.34 }) + sheet.size
  },
  totals(sheet, { rows }) {
    const width = Math.min(230, sheet.width)
    sheet.room(rows.length * sheet.size * 1.6)
    sheet.y += sheet.putPairs(rows, { x: sheet.x + sheet.width - width, width, share: 0.6, align: 'right' }) + sheet.size
  },
  rule(sheet) {
    sheet.room(12)
    sheet.line({ y: sheet.y + 4 })
    sheet.y += 12
  },
  space(sheet, { height }) {
    sheet.y += height
  },
  table(sheet, { columns, rows, look }) {
    const total = columns.reduce((sum, column) => sum + column.width, 0)
    const pad = look === 'plain' ? 2 : 4
    const height = (cells, style) =>
      Math.max(...cells.map((cell, i) => sheet.height(String(cell), { width: (columns[i].width / total) * sheet.width - 2 * pad, style }))) + 2 * pad
    const row = (cells, style, { fill, color } = {}) => {
      const tall = height(cells, style)
      if (fill) sheet.box(sheet.x, sheet.y, sheet.width, tall, { fill })
      let x = sheet.x
      cells.forEach((cell, i) => {
        const width = (columns[i].width / total) * sheet.width
        if (look === 'grid') sheet.box(x, sheet.y, width, tall, { stroke: '#777' })
        sheet.put(String(cell), { x: x + pad, y: sheet.y + pad, width: width - 2 * pad, align: columns[i].align, style, color })
        x += width
      })
      sheet.y += tall
      if (look === 'ruled') sheet.line({ color: '#bbb', weight: 0.4 })
    }
    const head = () => {
      if (!columns.some((column) => column.title)) return
      if (look === 'banded') row(columns.map((column) => column.title), 'bold', { fill: sheet.color, color: '#fff' })
      else row(columns.map((column) => column.title), 'bold', { fill: look === 'grid' ? '#eee' : undefined })
      if (look === 'ruled') sheet.line({ color: '#222', weight: 1 })
    }
    sheet.room(height(columns.map((column) => column.title), 'bold') + (rows.length ? height(rows[0], 'regular') : 0))
    head()
    rows.forEach((cells, i) => {
      if (sheet.room(height(cells, 'regular'))) head()
      row(cells, 'regular', { fill: look === 'banded' && i % 2 ? '#eef2f6' : undefined })
    })
    sheet.y += sheet.size * 0.8
  },
}

/** A whole document of blocks; `before` may draw on the first page. */
export function pdf(options, blocks, before = () => {}) {
  return withoutChance(options.title ?? '', async () => {
    const sheet = new Sheet(options)
    before(sheet)
    sheet.draw(blocks)
    return { bytes: await sheet.bytes(), pages: sheet.pages }
  })
}
