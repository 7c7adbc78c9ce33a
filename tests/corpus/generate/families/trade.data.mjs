// The sales, and the words their papers use. Prices are cents, before tax.

import { companies as c } from '../lib/parties.mjs'
import { random } from '../lib/random.mjs'

const en = {
  invoice: 'Invoice', quotation: 'Quotation', purchase_order: 'Purchase Order', delivery_note: 'Delivery Note',
  number: { invoice: 'Invoice no.', quotation: 'Quotation no.', purchase_order: 'PO number', delivery_note: 'Delivery note no.' },
  date: { invoice: 'Invoice date', purchase_order: 'Order date', other: 'Date' },
  days: { invoice: 'Due date', quotation: 'Valid until', purchase_order: 'Delivery by' },
  order: 'Your order', customer: 'Customer no.', to: 'To', from: 'From', details: 'Details',
  columns: { position: '#', item: 'Description', quantity: 'Qty', price: 'Unit price', amount: 'Amount' },
  net: 'Subtotal', vat: 'VAT', total: { invoice: 'Total due', other: 'Total' }, bank: 'Please pay to', vatId: 'VAT no.',
  signed: ['Received in good order by', 'Date and signature'], page: (at, of) => `Page ${at} of ${of}`,
}
const de = {
  invoice: 'Rechnung', quotation: 'Angebot', purchase_order: 'Bestellung', delivery_note: 'Lieferschein',
  number: { invoice: 'Rechnungsnummer', quotation: 'Angebotsnummer', purchase_order: 'Bestellnummer', delivery_note: 'Lieferschein-Nr.' },
  date: { invoice: 'Rechnungsdatum', purchase_order: 'Bestelldatum', other: 'Datum' },
  days: { invoice: 'Zahlbar bis', quotation: 'Gültig bis', purchase_order: 'Liefertermin' },
  order: 'Ihre Bestellung', customer: 'Kundennummer', to: 'An', from: 'Von', details: 'Angaben',
  columns: { position: 'Pos.', item: 'Bezeichnung', quantity: 'Menge', price: 'Einzelpreis', amount: 'Gesamtpreis' },
  net: 'Nettobetrag', vat: 'MwSt.', total: { invoice: 'Rechnungsbetrag', other: 'Gesamtsumme' }, bank: 'Bankverbindung', vatId: 'USt-IdNr.',
  signed: ['Ware vollständig erhalten', 'Datum, Unterschrift'], page: (at, of) => `Seite ${at} von ${of}`,
}
const fr = {
  invoice: 'Facture', quotation: 'Devis', purchase_order: 'Bon de commande', delivery_note: 'Bon de livraison',
  number: { invoice: 'N° de facture', quotation: 'N° de devis', purchase_order: 'N° de commande', delivery_note: 'N° de bon' },
  date: { invoice: 'Date de facture', purchase_order: 'Date de commande', other: 'Date' },
  days: { invoice: 'Échéance', quotation: 'Valable jusqu’au', purchase_order: 'Livraison le' },
  order: 'Votre commande', customer: 'N° client', to: 'À l’attention de', from: 'Émetteur', details: 'Références',
  columns: { position: 'N°', item: 'Désignation', quantity: 'Qté', price: 'Prix unitaire HT', amount: 'Montant HT' },
  net: 'Total HT', vat: 'TVA', total: { invoice: 'Net à payer TTC', other: 'Total TTC' }, bank: 'Règlement par virement à', vatId: 'N° TVA',
  signed: ['Marchandise reçue par', 'Date et signature'], page: (at, of) => `Page ${at} / ${of}`,
}
const es = {
  ...en, invoice: 'Factura', quotation: 'Presupuesto',
  number: { invoice: 'Factura n.º', quotation: 'Presupuesto n.º' }, date: { invoice: 'Fecha de factura', other: 'Fecha' }, days: { invoice: 'Vencimiento', quotation: 'Válido hasta' },
  order: 'Su pedido', customer: 'Cliente n.º', to: 'Cliente', from: 'Emisor', details: 'Datos',
  columns: { position: 'N.º', item: 'Concepto', quantity: 'Cantidad', price: 'Precio', amount: 'Importe' },
  net: 'Base imponible', vat: 'IVA', total: { other: 'Total' }, bank: 'Transferencia a', vatId: 'NIF-IVA', page: (at, of) => `Página ${at} de ${of}`,
}
const it = {
  ...en, invoice: 'Fattura', number: { invoice: 'Fattura n.' }, date: { other: 'Data' }, days: { invoice: 'Scadenza' },
  order: 'Vostro ordine', customer: 'Codice cliente', to: 'Spett.le', from: 'Mittente', details: 'Dati',
  columns: { position: 'N.', item: 'Descrizione', quantity: 'Quantità', price: 'Prezzo', amount: 'Importo' },
  net: 'Imponibile', vat: 'IVA', total: { other: 'Totale fattura' }, bank: 'Bonifico a favore di', vatId: 'P. IVA', page: (at, of) => `Pagina ${at} di ${of}`,
}
const nl = {
  ...en, invoice: 'Factuur', delivery_note: 'Pakbon', number: { invoice: 'Factuurnummer', delivery_note: 'Pakbonnummer' },
  date: { invoice: 'Factuurdatum', other: 'Datum' }, days: { invoice: 'Vervaldatum' },
  order: 'Uw bestelling', customer: 'Klantnummer', to: 'Aan', from: 'Van', details: 'Gegevens',
  columns: { position: 'Nr.', item: 'Omschrijving', quantity: 'Aantal', price: 'Prijs', amount: 'Bedrag' },
  net: 'Totaal excl. btw', vat: 'Btw', total: { other: 'Totaal te betalen' }, bank: 'Over te maken aan', vatId: 'Btw-nummer',
  signed: ['In goede staat ontvangen door', 'Datum en handtekening'], page: (at, of) => `Pagina ${at} van ${of}`,
}
const pt = {
  ...en, invoice: 'Fatura', number: { invoice: 'Fatura n.º' }, date: { invoice: 'Data de emissão', other: 'Data' }, days: { invoice: 'Vencimento' },
  order: 'Encomenda', customer: 'Cliente n.º', to: 'Exmo(s). Sr(s).', from: 'Emitente', details: 'Dados',
  columns: { position: 'N.º', item: 'Descrição', quantity: 'Qtd.', price: 'Preço unit.', amount: 'Valor' },
  net: 'Total ilíquido', vat: 'IVA', total: { other: 'Total a pagar' }, bank: 'Transferência para', vatId: 'NIF', page: (at, of) => `Página ${at} de ${of}`,
}
export const WORDS = { en, us: { ...en, vat: 'Sales tax' }, de, ch: { ...de, order: 'Ihr Auftrag' }, fr, es, it, nl, pt }

const OFFICE = [
  ['Copier paper A4, 80 g, box of 5 reams', 'box', 2190], ['Suspension files, foolscap, pack of 50', 'pack', 1845], ['Lever arch file, 70 mm, blue', '', 285],
  ['Whiteboard marker, assorted, set of 8', 'set', 690], ['Toner cartridge, black, 6,500 pages', '', 8420], ['Toner cartridge, cyan, 4,000 pages', '', 9235],
  ['Desk lamp, LED, adjustable arm', '', 4380], ['Monitor arm, single, clamp mount', '', 7890], ['Keyboard, UK layout, wired', '', 2460], ['Mouse, vertical, right hand', '', 3125],
  ['Laminating pouches A4, 125 micron, 100 sheets', 'pack', 1370], ['Envelopes C5, window, self-seal, 500', 'box', 2655], ['Ballpoint pens, black, box of 50', 'box', 940],
  ['Sticky notes 76 × 76 mm, 12 pads', 'pack', 785], ['Shredder bags, 60 litre, roll of 50', 'roll', 1590], ['Label tape, 12 mm, black on white', '', 1115],
  ['Cork notice board 1200 × 900 mm', '', 3870], ['First aid kit, 1–20 persons', '', 2299], ['Hand sanitiser, 500 ml pump', '', 465], ['Visitor badges, landscape, 50', 'pack', 1980],
]
const stock = random('two pages')
const longList = Array.from({ length: 38 }, (_, i) => {
  const [text, unit, price] = OFFICE[i % OFFICE.length]
  return [i < OFFICE.length ? text : `${text} (${stock.pick(['Science block', 'Sixth form', 'Reception', 'Library'])})`, stock.int(1, 24), unit, price, 20]
})

const shelves = [
  ['Höhenverstellbarer Schreibtisch 160 × 80 cm, Eiche', 4, 'Stk.', 64900, 19], ['Bürodrehstuhl „Lotse“, schwarz', 4, 'Stk.', 31250, 19],
  ['Rollcontainer mit drei Schüben', 4, 'Stk.', 18990, 19], ['Lieferung und Aufbau', 3.5, 'Std.', 5800, 19],
]
const oak = [['Oak shelving, 2400 × 900 mm, oiled', 6, '', 38500, 20], ['Bench seat with lid, made to measure', 2, '', 61250, 20], ['Fitting on site, two joiners', 16, 'hrs', 4650, 20]]
const drills = [['Hartmetallbohrer 6,0 mm, TiAlN', 50, 'Stk.', 1265, 19], ['Schaftfräser 12 mm, vierschneidig', 20, 'Stk.', 4890, 19], ['Spannzange ER32, Satz 18-teilig', 2, 'Satz', 23900, 19], ['Kühlschmierstoff, Kanister 20 l', 6, 'Stk.', 11450, 19]]
const linen = [['Rideau en lin lavé, 140 × 260 cm', 8, '', 12450, 20], ['Coussin brodé, motif fougère', 12, '', 3890, 20], ['Confection sur mesure, atelier', 6.5, 'h', 4800, 20]]

const late = 'Interest on late payment is charged at 8 % a year above the base rate. Goods remain our property until they are paid in full.'
const zahlbar = 'Bitte überweisen Sie den Betrag ohne Abzug unter Angabe der Rechnungsnummer. Es gelten unsere Allgemeinen Geschäftsbedingungen.'

export const SALES = [
  {
    file: 'pdf/invoice-en.pdf', type: 'invoice', locale: 'en', number: 'INV-2026-0147', date: '2026-03-04', days: 30, currency: 'GBP', seller: c.kestrel, buyer: c.harbour, order: 'PO-7731',
    items: [['Website redesign, phase two', 1, '', 285000, 20], ['Photography, half day', 2, '', 42000, 20], ['Copy editing', 11.5, 'hrs', 5500, 20], ['Hosting, March to May 2026', 3, 'mo', 2900, 20]],
    terms: ['Payment within 30 days, quoting the invoice number. Thank you for your business.', late],
  },
  {
    file: 'pdf/invoice-two-pages-en.pdf', type: 'invoice', locale: 'en', number: 'KS/26/00812', date: '2026-05-19', days: 14, currency: 'GBP', seller: c.kestrel, buyer: c.millbrook, order: 'MAT-40981', customer: 'C-2204', head: 'right',
    items: longList, terms: ['Payment within 14 days by bank transfer.', late], look: { color: '#5b2333' },
  },
  {
    file: 'pdf/invoice-consulting-us-en.pdf', type: 'invoice', locale: 'us', number: '10482', date: '2026-02-27', days: 45, currency: 'USD', seller: c.tallgrass, buyer: c.brightwell, order: 'BR-5520-A', head: 'band',
    items: [['Demand forecast model, sprint 4', 1, '', 1480000, 0], ['Analyst, on site', 24, 'hrs', 16500, 0], ['Travel at cost, OMA–PDX', 2, '', 38740, 0]],
    terms: ['Net 45. Services are exempt from sales tax. A 1.5% monthly charge applies to overdue balances.'], look: { color: '#1f5f4a', table: 'banded', page: 'LETTER' },
  },
  {
    file: 'pdf/invoice-rotated-en.pdf', type: 'invoice', locale: 'en', number: 'HL-3390', date: '2026-01-23', days: 28, currency: 'GBP', seller: c.harbour, buyer: c.orchard,
    items: oak, terms: [late], look: { rotated: true, table: 'grid', color: '#6b4a1f' },
  },
  {
    file: 'pdf/invoice-small-print-en.pdf', type: 'invoice', locale: 'en', number: 'LC-2026-55107', date: '2026-06-01', days: 7, currency: 'EUR', seller: c.liffey, buyer: c.tallgrass, customer: 'TG-0091',
    items: [['Virtual server, 8 cores, June 2026', 4, '', 7200, 0], ['Block storage, 500 GB', 4, '', 2450, 0], ['Outgoing traffic', 1.84, 'TB', 900, 0], ['Support, business hours', 1, 'mo', 15000, 0]],
    terms: ['VAT reverse charged: services supplied to a business outside the European Union.'], look: { size: 8.5, table: 'plain', font: 'serif' },
    smallPrint: { title: 'Extract from the terms of supply', clauses: [
      '1. Charges run from the first to the last day of each calendar month and are payable in advance. Part of a month is charged by the day.',
      '2. Traffic is measured at the edge of our network, in decimal terabytes, and includes retransmitted packets.',
      '3. Either side may end the service at the end of a month by notice in writing given at least fourteen days before. Data is kept for thirty days after the end and is then erased.',
      '4. Where the monthly availability of a server falls below 99.9 per cent, the customer is credited one day’s charge for every full hour of loss, up to the charge for that month. This is the only remedy for loss of availability.',
      '5. We are not liable for loss of profit, of goodwill or of data that the customer could have kept a copy of. Nothing here limits liability that the law does not allow to be limited.',
    ] },
  },
  { file: 'docx/invoice-en.docx', type: 'invoice', locale: 'en', number: 'HL-3412', date: '2026-02-11', days: 30, currency: 'GBP', seller: c.harbour, buyer: c.kestrel, items: oak.slice(0, 2), terms: [late] },
  {
    file: 'html/invoice-hosting-en.html', type: 'invoice', locale: 'en', number: 'LC-2026-48820', date: '2026-04-01', days: 14, currency: 'EUR', seller: c.liffey, buyer: c.atelier,
    items: [['Managed hosting “Quay S”, April 2026', 1, '', 3400, 23], ['Domain renewal, two years', 2, '', 1890, 23], ['Mailboxes, 10 GB', 5, '', 250, 23]], terms: ['The amount is taken from your card on the due date.'],
  },
  { file: 'txt/invoice-translation-en.txt', type: 'invoice', locale: 'en', number: '2026-031', date: '2026-07-08', days: 21, currency: 'EUR', seller: c.liffey, buyer: c.lindner, items: [['Translation of user manual, German to English', 8420, 'words', 14, 0], ['Proofreading by a second reader', 6, 'hrs', 4500, 0]], terms: ['Reverse charge: VAT is owed by the recipient.'] },
  {
    file: 'pdf/rechnung-de.pdf', type: 'invoice', locale: 'de', number: 'RE-2026-10433', date: '2026-03-17', days: 14, currency: 'EUR', seller: c.moewe, buyer: c.lindner, customer: '11842', order: 'B-26-0219', head: 'window',
    intro: 'Sehr geehrte Damen und Herren, für unsere Lieferung vom 12.03.2026 erlauben wir uns zu berechnen:', items: shelves, terms: [zahlbar], look: { font: 'embedded-sans' },
  },
  {
    file: 'pdf/rechnung-querformat-de.pdf', type: 'invoice', locale: 'de', number: '26/0088', date: '2026-04-29', days: 30, currency: 'EUR', seller: c.lindner, buyer: c.hoellerer, head: 'right',
    items: drills, terms: [zahlbar], look: { landscape: true, table: 'grid', color: '#333' },
  },
  {
    file: 'pdf/rechnung-kleinunternehmer-de.pdf', type: 'invoice', locale: 'de', number: '2026-07', date: '2026-08-03', days: 10, currency: 'EUR', seller: c.hoellerer, buyer: c.moewe, head: 'window',
    items: [['Prüfung ortsfester Anlagen nach Vorschrift', 5, 'Std.', 6200, 0], ['Austausch Fehlerstromschutzschalter', 2, 'Stk.', 8750, 0], ['Anfahrt', 38, 'km', 60, 0]],
    terms: ['Gemäß § 19 UStG wird keine Umsatzsteuer berechnet.'], look: { font: 'serif', table: 'plain', size: 10.5 },
  },
  {
    file: 'pdf/rechnung-schweiz-de.pdf', type: 'invoice', locale: 'ch', number: 'AR-60211', date: '2026-09-14', days: 30, currency: 'CHF', seller: c.alpenrad, buyer: c.donau, head: 'band',
    items: [['Miete E-Bike „Grat“, Wochenende', 6, 'Stk.', 14500, 8.1], ['Helm und Schloss', 6, 'Stk.', 1200, 8.1], ['Geführte Tour, halber Tag', 1, '', 38000, 8.1], ['Verpflegung unterwegs', 6, 'Pers.', 2850, 2.6]],
    terms: ['Zahlbar innert 30 Tagen netto.'], look: { color: '#9c2a2a', table: 'banded' },
  },
  { file: 'docx/rechnung-feinkost-de.docx', type: 'invoice', locale: 'de', number: 'DQ-2026-771', date: '2026-10-05', days: 8, currency: 'EUR', seller: c.donau, buyer: c.ribeira, items: [['Marillenmarmelade, 220 g', 48, 'Gl.', 420, 10], ['Kürbiskernöl, 0,5 l', 24, 'Fl.', 1290, 10], ['Geschenkkorb „Wachau“', 5, 'Stk.', 5400, 20]], terms: [zahlbar] },
  {
    file: 'pdf/facture-fr.pdf', type: 'invoice', locale: 'fr', number: 'F2026-0318', date: '2026-03-25', days: 30, currency: 'EUR', seller: c.atelier, buyer: c.mareval, customer: 'MAR-17', head: 'right',
    intro: 'Aménagement des bureaux, deuxième étage : textile et confection.', items: linen,
    terms: ['Pas d’escompte pour règlement anticipé. En cas de retard, une indemnité forfaitaire de 40 € pour frais de recouvrement est due, en plus des pénalités au taux légal.'], look: { font: 'embedded-serif', color: '#7a3b10' },
  },
  { file: 'html/facture-conseil-fr.html', type: 'invoice', locale: 'fr', number: 'MC-26-042', date: '2026-06-30', days: 45, currency: 'EUR', seller: c.mareval, buyer: c.boulangerie, items: [['Étude d’implantation, second point de vente', 1, '', 240000, 20], ['Déplacements, au réel', 2, '', 18650, 20]], terms: ['TVA acquittée sur les encaissements.'] },
  {
    file: 'pdf/factura-es.pdf', type: 'invoice', locale: 'es', number: 'A/2026/219', date: '2026-05-06', days: 30, currency: 'EUR', seller: c.olivares, buyer: c.nieblas, head: 'band',
    items: [['Revisión de prensa offset, mano de obra', 9, 'h', 4200, 21], ['Rodillo de caucho 70 × 1020 mm', 2, 'ud.', 31875, 21], ['Desplazamiento', 1, '', 6500, 21]], terms: ['Pago por transferencia a 30 días.'], look: { color: '#8a5a00' },
  },
  {
    file: 'pdf/fattura-it.pdf', type: 'invoice', locale: 'it', number: '118/2026', date: '2026-04-10', days: 60, currency: 'EUR', seller: c.ferraguto, buyer: c.trattoria, head: 'right',
    items: [['Piatto piano Ø 27 cm, smalto verde', 60, 'pz', 1150, 22], ['Brocca da un litro', 15, 'pz', 2280, 22], ['Imballo e trasporto', 1, '', 7500, 22]], terms: ['Contributo CONAI assolto ove dovuto.'], look: { font: 'serif', size: 10.5, color: '#22543d' },
  },
  {
    file: 'pdf/factuur-nl.pdf', type: 'invoice', locale: 'nl', number: '20260467', date: '2026-07-21', days: 14, currency: 'EUR', seller: c.veenstra, buyer: c.polder, customer: '3071',
    items: [['Folder A5, 4/4, 170 g, oplage 5000', 1, '', 41250, 21], ['Poster A2, oplage 200', 1, '', 18600, 21], ['Boek “Langs het water”, 96 pagina’s', 120, 'st.', 785, 9]], terms: ['Gelieve te betalen binnen 14 dagen onder vermelding van het factuurnummer.'], look: { table: 'grid' },
  },
  {
    file: 'pdf/fatura-pt.pdf', type: 'invoice', locale: 'pt', number: 'FT 2026/351', date: '2026-02-18', days: 30, currency: 'EUR', seller: c.azulejo, buyer: c.ribeira, head: 'left',
    items: [['Painel de azulejos pintado à mão, 12 peças', 3, 'un.', 21600, 23], ['Azulejo liso 14 × 14 cm, branco', 400, 'un.', 165, 23], ['Aplicação', 18, 'h', 2400, 23]], terms: ['Pagamento a 30 dias por transferência bancária.'], look: { font: 'embedded-sans', color: '#1b4f91' },
  },
  {
    file: 'pdf/quotation-en.pdf', type: 'quotation', locale: 'en', number: 'Q-1187', date: '2026-01-12', days: 30, currency: 'GBP', seller: c.harbour, buyer: c.millbrook,
    intro: 'Thank you for showing us round the library. We are pleased to offer:', items: oak, terms: ['This quotation holds for 30 days. Work can begin four weeks after your order. A deposit of 40% is due with the order.'], look: { color: '#6b4a1f', table: 'plain' },
  },
  {
    file: 'pdf/angebot-de.pdf', type: 'quotation', locale: 'de', number: 'AN-26-0555', date: '2026-02-02', days: 21, currency: 'EUR', seller: c.moewe, buyer: c.sparwerk, head: 'window',
    intro: 'Vielen Dank für Ihre Anfrage. Gerne bieten wir Ihnen an:', items: shelves, terms: ['Lieferzeit etwa drei Wochen nach Auftragseingang. Das Angebot ist freibleibend.', 'Wir freuen uns auf Ihren Auftrag.'], look: { font: 'embedded-sans' },
  },
  { file: 'docx/devis-fr.docx', type: 'quotation', locale: 'fr', number: 'D2026-0104', date: '2026-02-20', days: 60, currency: 'EUR', seller: c.atelier, buyer: c.boulangerie, items: linen, terms: ['Devis gratuit. Bon pour accord : date, signature et mention « lu et approuvé ». Acompte de 30 % à la commande.'] },
  { file: 'html/presupuesto-es.html', type: 'quotation', locale: 'es', number: 'P-26/077', date: '2026-03-30', days: 15, currency: 'EUR', seller: c.nieblas, buyer: c.olivares, items: [['Tarjetas de visita, 1000 uds.', 2, '', 5900, 21], ['Catálogo 24 páginas, 500 uds.', 1, '', 128000, 21]], terms: ['Plazo de entrega: diez días laborables desde la aprobación de la prueba.'] },
  {
    file: 'pdf/purchase-order-form-en.pdf', type: 'purchase_order', locale: 'en', number: 'MAT-40981', date: '2026-04-27', days: 21, currency: 'GBP', seller: c.kestrel, buyer: c.millbrook, head: 'form',
    items: longList.slice(0, 9), terms: ['Deliver to Reception, Monday to Friday, 8 am to 3 pm. The order number must appear on every package and on the invoice.', 'Authorised by: E. Pritchard, Business Manager'], look: { table: 'grid' },
  },
  { file: 'pdf/bestellung-de.pdf', type: 'purchase_order', locale: 'de', number: 'B-26-0219', date: '2026-02-24', days: 16, currency: 'EUR', seller: c.moewe, buyer: c.lindner, head: 'window', intro: 'Hiermit bestellen wir zu den vereinbarten Bedingungen:', items: shelves, terms: ['Bitte bestätigen Sie Preis und Termin innerhalb von drei Werktagen. Rechnung bitte an die oben genannte Anschrift.'], look: { color: '#444' } },
  { file: 'pdf/bon-de-commande-fr.pdf', type: 'purchase_order', locale: 'fr', number: 'BC-2026-0093', date: '2026-03-02', days: 30, currency: 'EUR', seller: c.atelier, buyer: c.mareval, items: linen.slice(0, 2), terms: ['Merci de nous retourner ce bon signé. Livraison franco de port, du lundi au jeudi.'], look: { table: 'banded', color: '#2c4a6b' } },
  { file: 'txt/purchase-order-en.txt', type: 'purchase_order', locale: 'us', number: 'BR-5520-A', date: '2026-01-09', days: 50, currency: 'USD', seller: c.tallgrass, buyer: c.brightwell, items: [['Demand forecast model, sprint 4', 1, '', 1480000, 0], ['Analyst, on site', 24, 'hrs', 16500, 0]], terms: ['Reference this PO number on all correspondence.'] },
  { file: 'pdf/delivery-note-en.pdf', type: 'delivery_note', locale: 'en', number: 'DN-90417', date: '2026-05-15', currency: 'GBP', seller: c.kestrel, buyer: c.millbrook, order: 'MAT-40981', items: longList.slice(0, 14), terms: ['2 of 2 pallets. Please report damage within three days.'], look: { table: 'grid' } },
  { file: 'pdf/lieferschein-de.pdf', type: 'delivery_note', locale: 'de', number: 'LS-26-3307', date: '2026-03-12', currency: 'EUR', seller: c.moewe, buyer: c.lindner, order: 'B-26-0219', head: 'window', items: shelves.slice(0, 3), terms: ['Lieferung frei Bordsteinkante. Die Ware bleibt bis zur vollständigen Bezahlung unser Eigentum.'] },
  { file: 'pdf/bon-de-livraison-fr.pdf', type: 'delivery_note', locale: 'fr', number: 'BL 2026-0311', date: '2026-03-20', currency: 'EUR', seller: c.atelier, buyer: c.mareval, order: 'BC-2026-0093', head: 'right', items: linen.slice(0, 2), terms: ['3 colis, 41 kg. Réserves à formuler à la livraison.'], look: { font: 'embedded-serif' } },
  { file: 'docx/pakbon-nl.docx', type: 'delivery_note', locale: 'nl', number: 'PB-11873', date: '2026-07-16', currency: 'EUR', seller: c.veenstra, buyer: c.polder, items: [['Folder A5, doos van 1000', 5, 'dozen', 0, 21], ['Poster A2, koker', 4, 'st.', 0, 21]], terms: ['Leveren tussen 9.00 en 12.00 uur.'] },
]
