// Business letters, some for a window envelope.

import { lines, paragraph, space } from '../lib/blocks.mjs'
import { language, longDay } from '../lib/format.mjs'
import { companies as c } from '../lib/parties.mjs'
import { write } from '../lib/write.mjs'

const tenant = ['Jonas Ebersbach', 'Lindenhof 3', '34123 Kassel']
const LETTERS = [
  {
    file: 'pdf/letter-en.pdf', locale: 'en', from: c.orchard.address, contact: [c.orchard.phone, c.orchard.mail], to: ['Ms Imogen Shaw', ...c.kestrel.address], date: '2026-02-09', reference: 'Our ref. BV/3OR/118', subject: 'Works to the lift at 3 Orchard Row', look: { font: 'serif', size: 11.5, margin: 72 },
    body: ['Dear Ms Shaw,', 'I write to let you know that the lift at 3 Orchard Row will be out of service from Monday 2 March to Friday 13 March while its controller is replaced. The stairs will remain open throughout, and the porter will be on hand each day from 8 am to help with deliveries.', 'The work is noisy on the first two days. If you have meetings that cannot be moved, please tell us by 20 February and we shall ask the contractor to drill before nine.', 'We are sorry for the inconvenience and grateful for your patience.', 'Yours sincerely,'], signer: ['Beatrix Vane', 'Partner'],
  },
  {
    file: 'pdf/brief-kuendigung-fensterbrief-de.pdf', locale: 'de', window: true, from: tenant, contact: ['jonas@ebersbach.example'], to: ['Fitness am Ring GmbH', 'Mitgliederservice', 'Ringstraße 60', '34127 Kassel'], date: '2026-05-04', reference: 'Mitgliedsnummer 55 20 183', subject: 'Kündigung meiner Mitgliedschaft', look: { size: 11 },
    body: ['Sehr geehrte Damen und Herren,', 'hiermit kündige ich meine Mitgliedschaft mit der Nummer 55 20 183 fristgerecht zum 31. August 2026, hilfsweise zum nächstmöglichen Zeitpunkt.', 'Bitte bestätigen Sie mir die Kündigung und den Zeitpunkt der Beendigung schriftlich. Die Ihnen erteilte Einzugsermächtigung widerrufe ich mit Wirkung zum Vertragsende.', 'Mit freundlichen Grüßen'], signer: ['Jonas Ebersbach'],
  },
  {
    file: 'pdf/brief-bank-fensterbrief-de.pdf', locale: 'de', window: true, from: c.sparwerk.address, contact: [c.sparwerk.phone, c.sparwerk.mail], to: ['Herrn', ...tenant], date: '2026-06-15', reference: 'Unser Zeichen: KS-441/Thoms', subject: 'Ihr persönliches Beratungsgespräch', look: { font: 'embedded-sans', size: 10.5 },
    body: ['Sehr geehrter Herr Ebersbach,', 'Ihr Ansprechpartner in unserem Haus hat gewechselt. Ab dem 1. Juli ist Frau Wiebke Thoms für Sie da. Gern möchte sie Sie persönlich kennenlernen und mit Ihnen über Ihre Pläne für die nächsten Jahre sprechen.', 'Rufen Sie uns an oder kommen Sie vorbei: montags bis freitags von 9 bis 12:30 Uhr und von 14 bis 16 Uhr, donnerstags bis 18 Uhr.', 'Wir freuen uns auf Sie.', 'Mit freundlichen Grüßen'], signer: ['Henrike Sommerfeld', 'Filialleiterin'],
  },
  {
    file: 'docx/letter-reference-en.docx', locale: 'us', from: c.brightwell.address, contact: [c.brightwell.phone], to: ['Admissions Committee', 'Severnside University', 'Cardiff'], date: '2026-01-29', subject: 'Reference for Theo Abernathy',
    body: ['To whom it may concern,', 'Theo Abernathy worked for me as a test technician from 2022 to 2025. He wrote the clearest fault reports I have read, and twice found errors in drawings that had passed three reviews.', 'He left us to study, to our regret and with our blessing. I recommend him without hesitation.', 'Sincerely,'], signer: ['Dana Okonjo', 'Chief Executive'],
  },
  {
    file: 'pdf/lettre-fr.pdf', locale: 'fr', from: ['Solène Vauquier', '8, montée des Lilas', '69005 Lyon'], contact: ['solene@vauquier.example'], to: ['Régie du Vieux Lyon', 'Service des baux', '2, quai des Orfèvres', '69005 Lyon'], date: '2026-04-07', reference: 'Lettre recommandée avec accusé de réception', subject: 'Objet : congé du logement situé 8, montée des Lilas', look: { font: 'embedded-serif', size: 11 },
    body: ['Madame, Monsieur,', 'Locataire de l’appartement cité en objet en vertu d’un bail signé le 12 mai 2021, je vous informe de ma décision de le quitter. Le logement se trouvant en zone tendue, le préavis est d’un mois à compter de la réception de la présente.', 'Je vous remercie de me proposer une date pour l’état des lieux de sortie et la remise des clés.', 'Je vous prie d’agréer, Madame, Monsieur, l’expression de mes salutations distinguées.'], signer: ['Solène Vauquier'],
  },
  {
    file: 'txt/letter-council-en.txt', locale: 'en', from: ['Whitby Harbour Trustees', 'Pier Office', 'Whitby YO21 3PU'], to: ['Miss Rosalind Aske', '5 Ferry Row', 'Whitby YO21 3PX'], date: '2026-08-26', reference: 'Berth 41', subject: 'Renewal of your mooring',
    body: ['Dear Miss Aske,', 'Your mooring licence ends on 30 September. If you wish to keep berth 41 for another year, please sign the enclosed form and return it to the Pier Office by 15 September. The fee is unchanged.', 'Dredging of the upper harbour is planned for November; we shall write again once the dates are known.', 'Yours sincerely,'], signer: ['Piers Tolland', 'Harbour Master'],
  },
]

function letter({ file, locale, window, from, contact = [], to, date, reference, subject, body, signer, look }) {
  const sent = `${from.at(-1).replace(/^[\d-]+ (?:NR )?|,.*$| [A-Z]{1,2}\d.*$/g, '')}, ${longDay(date, locale)}`
  const head = [...(window ? [] : [lines([...from, ...contact], 'right'), lines(to)]), lines([locale === 'us' ? longDay(date, locale) : sent], 'right'), ...(reference ? [lines([reference])] : [])]
  const blocks = [...head, paragraph(subject, 'bold'), ...body.map((text) => paragraph(text)), space(24), lines(signer)]
  const windowed = (sheet) => {
    sheet.put(from[0], { size: 14, style: 'bold', color: sheet.color })
    sheet.put(contact.join('\n'), { align: 'right', size: 8.5 })
    sheet.put(from.join(' · '), { y: 127, width: 240, size: 6.5, color: '#555' })
    sheet.line({ y: 137, width: 225, weight: 0.3 })
    sheet.put(to.join('\n'), { y: 144, width: 240 })
    sheet.y = 250
  }
  return write({ file, type: 'letter', language: language(locale), title: subject, facts: { date, sender: from[0], recipient: to.find((line) => line !== 'Herrn') } }, blocks, { date, author: from[0], ...look }, window && windowed)
}

export async function documents() {
  const made = []
  for (const data of LETTERS) made.push(await letter(data))
  return made
}
