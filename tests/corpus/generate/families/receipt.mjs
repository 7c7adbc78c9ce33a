// Till receipts: a narrow roll of paper, prices that include tax.

import { lines, pairs, paragraph, rule, table, title, totals } from '../lib/blocks.mjs'
import { amount, day, decimal, language, money, percent } from '../lib/format.mjs'
import { companies as c } from '../lib/parties.mjs'
import { write } from '../lib/write.mjs'

const WORDS = {
  en: { receipt: 'Receipt', total: 'TOTAL', vat: 'incl. VAT', card: 'Card', cash: 'Cash', change: 'Change', number: 'Receipt no.', thanks: 'Thank you, please call again' },
  us: { receipt: 'Receipt', total: 'TOTAL', vat: 'incl. tax', card: 'VISA ****4021', cash: 'CASH', change: 'CHANGE', number: 'Trans #', thanks: 'RETURNS WITHIN 90 DAYS WITH THIS RECEIPT' },
  de: { receipt: 'Kassenbon', total: 'SUMME', vat: 'inkl. MwSt.', card: 'Girocard', cash: 'Bar', change: 'Rückgeld', number: 'Beleg-Nr.', thanks: 'Vielen Dank für Ihren Einkauf!' },
  fr: { receipt: 'Ticket de caisse', total: 'TOTAL TTC', vat: 'dont TVA', card: 'Carte bancaire', cash: 'Espèces', change: 'Rendu', number: 'Ticket n°', thanks: 'Merci de votre visite, à bientôt' },
  it: { receipt: 'Documento commerciale', total: 'TOTALE COMPLESSIVO', vat: 'di cui IVA', card: 'Pagamento elettronico', cash: 'Contante', change: 'Resto', number: 'Documento n.', thanks: 'Grazie e arrivederci' },
  es: { receipt: 'Factura simplificada', total: 'TOTAL', vat: 'IVA incluido', card: 'Tarjeta', cash: 'Efectivo', change: 'Cambio', number: 'Ticket', thanks: 'Gracias por su visita' },
}

const cafe = { ...c.kestrel, name: 'The Copper Kettle', address: ['The Copper Kettle', '9 Minster Gate', 'York YO1 7HH'], phone: '01632 960 418' }
const hardware = { ...c.brightwell, name: 'Alder Street Hardware', address: ['Alder Street Hardware', '410 Alder Ave', 'Portland, OR 97205'], phone: '(503) 555-0162' }
const parking = { ...c.liffey, name: 'Quayside Taxis', address: ['Quayside Taxis', 'Dublin'], phone: '+353 20 915 0111' }
const bar = { ...c.olivares, name: 'Bar La Higuera', address: ['Bar La Higuera', 'Plaza Chica 5', '41003 Sevilla'] }

// Items: [text, quantity, unit price including tax in cents]
const RECEIPTS = [
  { file: 'pdf/receipt-cafe-en.pdf', locale: 'en', shop: cafe, number: '004417', date: '2026-04-18', time: '11:42', currency: 'GBP', rate: 20, paid: 2000, items: [['Flat white', 2, 340], ['Cheese scone, warm', 1, 375], ['Carrot cake', 1, 420]] },
  { file: 'pdf/receipt-hardware-us-en.pdf', locale: 'us', shop: hardware, number: '88-20917', date: '2026-06-13', time: '09:07', currency: 'USD', rate: 0, items: [['DECK SCREW 3IN 5LB', 2, 3248], ['PAINT ROLLER 9IN', 1, 899], ['EXT SATIN GAL WHITE', 3, 4798], ['CONTRACTOR BAG 42GAL', 1, 1997]] },
  { file: 'pdf/kassenbon-de.pdf', locale: 'de', shop: c.donau, number: '2213/07', date: '2026-08-22', time: '17:31', currency: 'EUR', rate: 10, items: [['Bergkäse 12 Monate', 1, 1184], ['Marillenknödel tiefgek.', 2, 649], ['Kürbiskernöl 0,25 l', 1, 890], ['Roggenbrot', 1, 465]] },
  { file: 'pdf/ticket-de-caisse-fr.pdf', locale: 'fr', shop: c.boulangerie, number: '15-0382', date: '2026-05-03', time: '08:16', currency: 'EUR', rate: 5.5, paid: 2000, items: [['Baguette tradition', 3, 135], ['Pain au chocolat', 4, 150], ['Tarte aux mûres', 1, 690]] },
  { file: 'pdf/scontrino-it.pdf', locale: 'it', shop: c.trattoria, number: '0127-0044', date: '2026-09-19', time: '22:05', currency: 'EUR', rate: 10, items: [['Coperto', 4, 250], ['Cacio e pepe', 2, 1300], ['Saltimbocca', 2, 1750], ['Vino della casa 1/2 l', 2, 700], ['Acqua', 2, 250]] },
  { file: 'txt/receipt-taxi-en.txt', locale: 'en', shop: parking, number: 'T-5519', date: '2026-02-05', time: '23:48', currency: 'EUR', rate: 0, items: [['Fare, city centre to airport, 14.2 km', 1, 3120], ['Night surcharge', 1, 400], ['Toll', 1, 320]] },
  { file: 'html/ticket-bar-es.html', locale: 'es', shop: bar, number: '2026/10442', date: '2026-10-11', time: '14:52', currency: 'EUR', rate: 10, items: [['Salmorejo', 2, 650], ['Pescaíto frito', 1, 1450], ['Caña', 4, 220]] },
]

function receipt({ file, locale, shop, number, date, time, currency, rate, paid, items }) {
  const words = WORDS[locale]
  const total = items.reduce((sum, [, quantity, price]) => sum + quantity * price, 0)
  const tax = Math.round((total * rate) / (100 + rate))
  const blocks = [
    lines([...shop.address, shop.phone, shop.vat], 'center'), title(words.receipt), pairs([[words.number, number], [day(date, locale, locale === 'us' ? 'MM/DD/YYYY' : 'DD.MM.YYYY'), time]]), rule(),
    table([{ title: '', width: 8 }, { title: '', width: 50 }, { title: '', width: 22, align: 'right' }], items.map(([text, quantity, price]) => [quantity, text, amount(quantity * price, locale)]), 'plain'),
    rule(),
    totals([
      [words.total, money(total, currency, locale), true],
      ...(tax ? [[`${words.vat} ${percent(rate, locale)}`, money(tax, currency, locale)]] : []),
      ...(paid ? [[words.cash, money(paid, currency, locale)], [words.change, money(paid - total, currency, locale)]] : [[words.card, money(total, currency, locale)]]),
    ]),
    paragraph(words.thanks),
  ]
  const facts = { receipt_number: number, date, merchant: shop.name, ...(tax && { tax: decimal(tax) }), total: decimal(total), currency }
  return write({ file, type: 'receipt', language: language(locale), title: `${words.receipt} ${number}`, facts }, blocks, { font: 'mono', size: 8, page: [226, 330 + items.length * 16], margin: 14, date, color: '#111' })
}

export async function documents() {
  const made = []
  for (const data of RECEIPTS) made.push(await receipt(data))
  return made
}
