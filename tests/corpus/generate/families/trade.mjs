// Papers of a sale: quotation, purchase order, delivery note, invoice. One shape of data, five heads, many languages.

import { heading, lines, pairs, paragraph, rule, space, table, title, totals } from '../lib/blocks.mjs'
import { day, daysAfter, decimal, language, money, number, percent } from '../lib/format.mjs'
import { write } from '../lib/write.mjs'
import { SALES, WORDS } from './trade.data.mjs'

export async function documents() {
  const made = []
  for (const sale of SALES) made.push(await write(about(sale), blocks(sale), look(sale), isPdf(sale) && ((sheet) => HEADS[sale.head ?? 'left'](sheet, view(sale)))))
  return made
}

const isPdf = ({ file }) => file.endsWith('.pdf')

/** Net, tax by rate and total, in cents. */
export function sums({ items }) {
  const byRate = new Map()
  for (const [, quantity, , price, rate] of items) byRate.set(rate, (byRate.get(rate) ?? 0) + Math.round(quantity * price))
  const taxes = [...byRate].sort(([a], [b]) => b - a).map(([rate, net]) => ({ rate, net, tax: Math.round((net * rate) / 100) }))
  const net = taxes.reduce((sum, { net }) => sum + net, 0)
  const tax = taxes.reduce((sum, { tax }) => sum + tax, 0)
  return { taxes, net, tax, total: net + tax }
}

const untaxed = (sale) => sums(sale).taxes.every(({ rate }) => rate === 0)

function about(sale) {
  const { file, type, locale, number, date, seller, buyer, currency } = sale
  const { taxes, net, tax, total } = sums(sale)
  const priced = type !== 'delivery_note'
  return {
    file, type, language: language(locale), title: `${WORDS[locale][type]} ${number}`,
    facts: {
      [`${type === 'purchase_order' ? 'order' : type === 'delivery_note' ? 'delivery' : type}_number`]: number,
      date,
      ...(sale.days && { [type === 'quotation' ? 'valid_until' : type === 'purchase_order' ? 'delivery_date' : 'due_date']: daysAfter(date, sale.days) }),
      seller: seller.name, buyer: buyer.name,
      ...(priced && { ...(!untaxed(sale) && { net: decimal(net), ...(taxes.length === 1 && { tax: decimal(tax) }) }), total: decimal(total), currency }),
      ...(type === 'invoice' && { seller_vat_id: seller.vat, ...(seller.iban && { iban: seller.iban.replaceAll(' ', '') }) }),
      ...(sale.order && { order_number: sale.order }),
      ...(type === 'invoice' && { line_items: sale.items.map(([text, quantity, , price]) => [text, String(quantity), decimal(price), decimal(Math.round(quantity * price))]) }),
    },
  }
}

const look = (sale) => {
  const { look, locale, date, number } = sale
  const { page } = WORDS[locale]
  const { from } = sides(sale)
  return {
    date, author: from.name, size: 9.5,
    footer: (at, of) => ({ left: `${from.name} · ${from.site}`, center: number, right: page(at, of) }),
    ...look,
  }
}

/** Whose letterhead it is, and whom it goes to: a buyer writes the order. */
const sides = ({ type, seller, buyer }) => (type === 'purchase_order' ? { from: buyer, to: seller } : { from: seller, to: buyer })

/** What the heads show: the words of the language and the rows of the box with number and dates. */
function view(sale) {
  const words = WORDS[sale.locale]
  const { type, locale, number, date, days, order } = sale
  return {
    ...sale, words, heading: words[type], ...sides(sale),
    meta: [
      [words.number[type], number],
      [words.date[type] ?? words.date.other, day(date, locale)],
      ...(days ? [[words.days[type], day(daysAfter(date, days), locale)]] : []),
      ...(order ? [[words.order, order]] : []),
      ...(sale.customer ? [[words.customer, sale.customer]] : []),
    ],
  }
}

function blocks(sale) {
  const { words, locale, currency, type, items, seller, buyer, intro, terms = [], look: { table: tableLook = 'ruled' } = {} } = view(sale)
  const priced = type !== 'delivery_note'
  const right = 'right'
  const mixed = sums(sale).taxes.length > 1
  const columns = [
    { title: words.columns.position, width: 6 },
    { title: words.columns.item, width: 42 },
    { title: words.columns.quantity, width: 13, align: right },
    ...(priced ? [{ title: words.columns.price, width: 15, align: right }] : []),
    ...(priced && mixed ? [{ title: words.vat, width: 10, align: right }] : []),
    ...(priced ? [{ title: words.columns.amount, width: 17, align: right }] : []),
  ]
  const rows = items.map(([text, quantity, unit, price, rate], i) => [
    i + 1, text, `${number(quantity, locale)}${unit && ` ${unit}`}`,
    ...(priced ? [money(price, currency, locale)] : []),
    ...(priced && mixed ? [percent(rate, locale)] : []),
    ...(priced ? [money(Math.round(quantity * price), currency, locale)] : []),
  ])
  const { taxes, net, total } = sums(sale)
  const sum = [
    ...(untaxed(sale) ? [] : [[words.net, money(net, currency, locale)]]),
    ...taxes.filter(({ rate }) => rate).map(({ rate, net, tax }) => [`${words.vat} ${percent(rate, locale)}${mixed ? ` (${money(net, currency, locale)})` : ''}`, money(tax, currency, locale)]),
    [words.total[type] ?? words.total.other, money(total, currency, locale), true],
  ]
  const bank = seller.iban
    ? [[words.bank, `${seller.name}`], ['IBAN', seller.iban], ['BIC', seller.bic]]
    : [[words.bank, seller.name], ['Account number', seller.account], ['Tax ID', seller.vat]]
  return [
    ...(isPdf(sale) ? [] : plainHead(view(sale))),
    ...(intro ? [paragraph(intro)] : []),
    table(columns, rows, tableLook),
    ...(priced ? [totals(sum)] : []),
    ...terms.map((term) => paragraph(term)),
    ...(type === 'invoice' ? [pairs([...bank, ...(seller.iban && !isPdf(sale) ? [[words.vatId, seller.vat]] : [])])] : []),
    ...(type === 'delivery_note' ? [space(20), pairs(words.signed.map((label) => [label, '______________________________']))] : []),
    ...(sale.smallPrint ? [rule(), heading(sale.smallPrint.title), ...sale.smallPrint.clauses.map((clause) => paragraph(clause))] : []),
  ]
}

const plainHead = ({ from, to, heading, meta, words }) => [
  lines([...from.address, from.countryName, from.phone, from.mail]),
  title(heading), lines([words.to, ...to.address, to.countryName]), pairs(meta),
]

const sellerLines = ({ from, words }) => [...from.address.slice(1), from.countryName, `Tel. ${from.phone}`, from.mail, `${from.country === 'US' ? 'Tax ID' : words.vatId} ${from.vat}`].join('\n')
const buyerLines = ({ to }) => [...to.address, to.countryName].join('\n')
const column = (sheet) => (sheet.pageWidth - 2 * sheet.margin) / 2 - 12
const rightEdge = (sheet) => sheet.pageWidth - sheet.margin - column(sheet)

/** The top of the first page: draws it and leaves the cursor where the body starts. */
const HEADS = {
  left(sheet, sale) {
    const width = column(sheet)
    const x = rightEdge(sheet)
    const own = sheet.put(sale.from.name, { width, size: 15, style: 'bold', color: sheet.color })
    sheet.put(sellerLines(sale), { y: sheet.y + own + 3, width, size: sheet.size - 1, color: '#444' })
    sheet.put(sale.heading.toUpperCase(), { x, width, size: 20, style: 'bold', align: 'right' })
    const meta = sheet.putPairs(sale.meta, { x, y: sheet.y + 36, width, share: 0.52, align: 'right' })
    sheet.y += Math.max(118, meta + 52)
    sheet.put(sale.words.to, { size: 8, color: '#666' })
    sheet.y += 13 + sheet.put(buyerLines(sale), { y: sheet.y + 12, width }) + 22
  },
  right(sheet, sale) {
    const width = column(sheet)
    const x = rightEdge(sheet)
    const name = sheet.put(sale.from.name, { x, width, align: 'right', size: 14, style: 'italic', color: sheet.color })
    const own = name + sheet.put(sellerLines(sale), { x, y: sheet.y + name + 2, width, align: 'right', size: sheet.size - 1 })
    sheet.put(sale.words.to, { size: 8, color: '#666', y: sheet.y + 34, width })
    sheet.put(buyerLines(sale), { y: sheet.y + 46, width })
    sheet.y += Math.max(own, 110) + 18
    sheet.write(`${sale.heading} ${sale.number}`, { size: 17, style: 'bold', after: 6 })
    sheet.y += sheet.putPairs(sale.meta.slice(1), { width, share: 0.5 }) + 14
  },
  band(sheet, sale) {
    sheet.box(0, 0, sheet.pageWidth, 92, { fill: sheet.color })
    sheet.put(sale.from.name, { y: 26, size: 19, style: 'bold', color: '#fff', width: column(sheet) + 40 })
    sheet.put(sale.heading, { x: rightEdge(sheet), y: 26, width: column(sheet), size: 19, align: 'right', color: '#fff' })
    sheet.put([...sale.from.address.slice(1), sale.from.phone].join(' · '), { y: 64, width: sheet.width, size: 8, color: '#fff' })
    sheet.y = 112
    const third = sheet.width / 3
    const cells = [[sale.words.to, buyerLines(sale)], [sale.words.details, sale.meta.map(([label, value]) => `${label}: ${value}`).join('\n')],
      [sale.words.from, [sale.from.mail, `${sale.from.country === 'US' ? 'Tax ID' : sale.words.vatId} ${sale.from.vat}`].join('\n')]]
    const used = cells.map(([label, text], i) => {
      const x = sheet.x + i * third
      sheet.put(label, { x, width: third - 10, style: 'bold', size: 8, color: sheet.color })
      return 13 + sheet.put(text, { x, y: sheet.y + 13, width: third - 10, size: sheet.size - 0.5 })
    })
    sheet.y += Math.max(...used) + 20
  },
  /** A letter whose address shows through the window of its envelope. */
  window(sheet, sale) {
    sheet.put(sale.from.name, { width: sheet.width, align: 'right', size: 16, style: 'bold', color: sheet.color })
    sheet.put(sale.from.address.join(' · '), { y: 127, width: 240, size: 6.5, color: '#555' })
    sheet.line({ y: 137, width: 225, weight: 0.3 })
    sheet.put(buyerLines(sale), { y: 143, width: 240, size: 10 })
    const x = sheet.pageWidth - sheet.margin - 190
    const own = sheet.put(sellerLines(sale), { x, y: 92, width: 190, size: 8 })
    const meta = sheet.putPairs(sale.meta, { x, y: 100 + own, width: 190, share: 0.55, size: 8.5 })
    sheet.y = Math.max(258, 116 + own + meta)
    sheet.write(`${sale.heading} ${sale.number}`, { size: 13, style: 'bold', after: 10 })
  },
  /** Boxes with a small label in the corner and the entry in typewriter letters. */
  form(sheet, sale) {
    sheet.write(sale.heading.toUpperCase(), { size: 15, style: 'bold', align: 'center', after: 2 })
    sheet.write(sale.from.name, { size: 10, align: 'center', after: 8 })
    const cell = (label, text, x, width, height) => {
      sheet.box(x, sheet.y, width, height, { stroke: '#333' })
      sheet.put(label, { x: x + 3, y: sheet.y + 2, width: width - 6, size: 6.5, color: '#555' })
      const { font } = sheet
      sheet.font = 'mono'
      sheet.put(text, { x: x + 6, y: sheet.y + 12, width: width - 10, size: 9 })
      sheet.font = font
    }
    const half = sheet.width / 2
    cell(sale.words.from, [...sale.from.address, sale.from.phone].join('\n'), sheet.x, half, 70)
    cell(sale.words.to, [...sale.to.address, sale.to.phone].join('\n'), sheet.x + half, half, 70)
    sheet.y += 70
    const each = sheet.width / sale.meta.length
    sale.meta.forEach(([label, value], i) => cell(label, value, sheet.x + i * each, each, 30))
    sheet.y += 44
  },
}
