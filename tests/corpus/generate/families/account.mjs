// Bank statements and payslips: columns of figures that carry over.

import { lines, pairs, paragraph, table, title, totals } from '../lib/blocks.mjs'
import { amount, day, daysAfter, decimal, money } from '../lib/format.mjs'
import { companies as c } from '../lib/parties.mjs'
import { random } from '../lib/random.mjs'
import { write } from '../lib/write.mjs'

const right = 'right'

const STATEMENTS = [
  {
    file: 'pdf/bank-statement-en.pdf', language: 'en', currency: 'GBP', bank: c.fenwickbank, holder: ['Miss Rosalind Aske', '5 Ferry Row', 'Whitby YO21 3PX'], from: '2026-04-01', to: '2026-04-30', opening: 184217, count: 46, number: '12',
    words: { title: 'Statement of account', number: 'Sheet', period: 'Period', holder: 'Account holder', opening: 'Balance brought forward', closing: 'Balance carried forward', columns: ['Date', 'Details', 'Paid out', 'Paid in', 'Balance'], small: 'Eligible deposits are protected up to the limit set by law. Please check every entry and tell us at once of any you do not recognise.' },
    entries: [['CARD Greengrocer, Whitby', -1840], ['DIRECT DEBIT Coastal Water', -3675], ['CARD Copper Kettle York', -1475], ['FASTER PAYMENT J Aske', 12500], ['STANDING ORDER Rent', -68500], ['SALARY Millbrook Academy', 196342], ['CASH Quay Street', -6000], ['CARD Northern Trains', -3420], ['CARD Whitby Bookshop', -1599], ['CARD Harbour Fish Bar', -1150], ['CARD Petrol, A171', -4412]],
    look: { color: '#17406b' },
  },
  {
    file: 'pdf/kontoauszug-de.pdf', language: 'de', currency: 'EUR', bank: c.sparwerk, holder: ['Herr Jonas Ebersbach', 'Lindenhof 3', '34123 Kassel'], from: '2026-02-01', to: '2026-02-28', opening: 92044, count: 17, number: '2/2026',
    words: { title: 'Kontoauszug', number: 'Auszug Nr.', period: 'Zeitraum', holder: 'Kontoinhaber', opening: 'Alter Kontostand', closing: 'Neuer Kontostand', columns: ['Buchung', 'Verwendungszweck', 'Soll', 'Haben', 'Saldo'], small: 'Einwendungen gegen diesen Auszug sind innerhalb von sechs Wochen zu erheben.' },
    entries: [['LASTSCHRIFT Stadtwerke Abschlag Strom', -7900], ['KARTE Bäckerei Kornblume', -1135], ['KARTE Drogerie am Markt', -2489], ['KARTE Buchhandlung Vietz', -1800], ['DAUERAUFTRAG Miete Lindenhof 3', -74000], ['GEHALT Lindner Werkzeugbau GmbH', 265418], ['GUTSCHRIFT Erstattung Krankenkasse', 8420], ['BARGELD Automat Marktplatz', -10000]],
    look: { font: 'mono', size: 8.5, table: 'plain', color: '#222' },
  },
  {
    file: 'pdf/releve-de-compte-fr.pdf', language: 'fr', currency: 'EUR', bank: c.creditrhodan, holder: ['Mme Solène Vauquier', '8, montée des Lilas', '69005 Lyon'], from: '2026-03-01', to: '2026-03-31', opening: 131509, count: 22, number: '3',
    words: { title: 'Relevé de compte', number: 'Relevé n°', period: 'Période', holder: 'Titulaire', opening: 'Ancien solde', closing: 'Nouveau solde', columns: ['Date', 'Libellé', 'Débit', 'Crédit', 'Solde'], small: 'Les sommes portées au crédit le sont sous réserve d’encaissement.' },
    entries: [['PRLV Électricité de la Saône', -6480], ['CB Librairie des Pentes', -2350], ['VIR RECU Maréval Conseil, salaire', 231760], ['PRLV Loyer', -81200], ['CB Marché couvert', -3115], ['RETRAIT DAB', -8000]],
    look: { table: 'grid', font: 'embedded-sans', size: 9 },
  },
]

function statement({ file, language, currency, bank, holder, from, to, opening, count, number, words, entries, look }) {
  const source = random(file)
  const everyday = entries.filter(([text, value]) => value < 0 && /^(CARD|KARTE|CB) /.test(text))
  let balance = opening
  let date = from
  const rows = Array.from({ length: count }, (_, i) => {
    const [text, base] = i < entries.length ? entries[i] : source.pick(everyday)
    const value = i < entries.length ? base : Math.round((base * source.int(40, 160)) / 100)
    if (i % Math.ceil(count / 24) === 0 && daysAfter(date, 1) <= to) date = daysAfter(date, 1)
    balance += value
    return [day(date, language, 'DD.MM.'), text, value < 0 ? amount(-value, language) : '', value > 0 ? amount(value, language) : '', amount(balance, language)]
  })
  const period = `${day(from, language)} – ${day(to, language)}`
  const widths = [11, 45, 15, 15, 17]
  const columns = words.columns.map((title, i) => ({ title, width: widths[i], align: i > 1 ? right : undefined }))
  const blocks = [
    lines([...bank.address, bank.phone], right), lines(holder), title(words.title),
    pairs([[words.number, number], [words.period, period], [words.holder, holder[0]], ['IBAN', bank.iban], ['BIC', bank.bic], [words.opening, money(opening, currency, language)]]),
    table(columns, rows, look.table ?? 'ruled'), totals([[words.closing, money(balance, currency, language), true]]), paragraph(words.small, 'italic'),
  ]
  const facts = { iban: bank.iban.replaceAll(' ', ''), account_holder: holder[0], period_start: from, period_end: to, opening_balance: decimal(opening), closing_balance: decimal(balance), currency }
  return write({ file, type: 'bank_statement', language, title: words.title, facts }, blocks, { size: 9, date: to, author: bank.name, ...look, footer: (at, of) => ({ left: bank.name, right: `${at} / ${of}` }) })
}

// Earnings and deductions in cents.
const PAYSLIPS = [
  {
    file: 'pdf/payslip-en.pdf', language: 'en', currency: 'GBP', employer: c.millbrook, employee: 'Rosalind Aske', number: '00318', date: '2026-04-28', period: 'April 2026',
    words: { title: 'Payslip', employee: 'Employee', number: 'Payroll no.', period: 'Pay period', date: 'Pay date', pay: 'Payments', less: 'Deductions', amount: 'Amount', gross: 'Gross pay', deducted: 'Total deductions', net: 'Net pay' },
    more: [['NI number', 'QQ 12 34 56 C'], ['Tax code', '1257L'], ['Pay method', 'BACS']], pay: [['Basic salary', 241667], ['Overtime, 6 hours', 11150]], less: [['Income tax', 29604], ['National Insurance', 11842], ['Pension', 15029]],
  },
  {
    file: 'pdf/gehaltsabrechnung-de.pdf', language: 'de', currency: 'EUR', employer: c.lindner, employee: 'Jonas Ebersbach', number: '1047', date: '2026-02-27', period: 'Februar 2026',
    words: { title: 'Entgeltabrechnung', employee: 'Mitarbeiter', number: 'Personalnummer', period: 'Abrechnungsmonat', date: 'Auszahlung am', pay: 'Bezüge', less: 'Abzüge', amount: 'Betrag', gross: 'Gesamtbrutto', deducted: 'Summe Abzüge', net: 'Auszahlungsbetrag' },
    more: [['Steuerklasse', 'I'], ['Eintritt', '01.09.2019'], ['Krankenkasse', 'BKK Werkbund']], pay: [['Grundgehalt', 398000], ['Zuschlag Spätschicht', 14250], ['Vermögenswirksame Leistungen', 2659]],
    less: [['Lohnsteuer', 62133], ['Krankenversicherung', 34852], ['Pflegeversicherung', 9544], ['Rentenversicherung', 38587], ['Arbeitslosenversicherung', 5394]], look: { table: 'grid', font: 'mono', size: 8.5, color: '#222' },
  },
  {
    file: 'docx/bulletin-de-paie-fr.docx', language: 'fr', currency: 'EUR', employer: c.mareval, employee: 'Solène Vauquier', number: 'S-0027', date: '2026-03-31', period: 'Mars 2026',
    words: { title: 'Bulletin de paie', employee: 'Salariée', number: 'Matricule', period: 'Période', date: 'Payé le', pay: 'Rémunération', less: 'Cotisations et retenues', amount: 'Montant', gross: 'Salaire brut', deducted: 'Total des retenues', net: 'Net à payer' },
    more: [['Emploi', 'Consultante'], ['Convention collective', 'Bureaux d’études']], pay: [['Salaire de base, 151,67 h', 295000], ['Prime de mission', 14000]], less: [['Assurance maladie et retraite', 46120], ['CSG et CRDS', 19870], ['Impôt sur le revenu prélevé à la source', 11250]],
  },
]

function payslip({ file, language, currency, employer, employee, number, date, period, words, more, pay, less, look = {} }) {
  const sum = (rows) => rows.reduce((total, [, cents]) => total + cents, 0)
  const [gross, deducted] = [sum(pay), sum(less)]
  const written = (cents) => money(cents, currency, language)
  const part = (name, rows) => table([{ title: name, width: 3 }, { title: words.amount, width: 1, align: right }], rows.map(([label, cents]) => [label, amount(cents, language)]), look.table ?? 'banded')
  const blocks = [
    lines(employer.address), title(`${words.title} – ${period}`), pairs([[words.employee, employee], [words.number, number], [words.period, period], [words.date, day(date, language)], ...more]),
    part(words.pay, pay), part(words.less, less), totals([[words.gross, written(gross)], [words.deducted, written(deducted)], [words.net, written(gross - deducted), true]]),
  ]
  const facts = { employee, employer: employer.name, date, gross: decimal(gross), net: decimal(gross - deducted), currency }
  return write({ file, type: 'payslip', language, title: words.title, facts }, blocks, { date, author: employer.name, ...look })
}

export async function documents() {
  const made = []
  for (const data of STATEMENTS) made.push(await statement(data))
  for (const data of PAYSLIPS) made.push(await payslip(data))
  return made
}
