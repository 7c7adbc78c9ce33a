import { heading, list, paragraph, rule, table, title, totals } from '../lib/blocks.mjs'
import { companies as c } from '../lib/parties.mjs'

const person = (name, mail) => ({ name, mail })
const desk = (company, name = company.name, box = 'service') => person(name, `${box}@${company.site}`)
const rosalind = person('Rosalind Aske', 'rosalind@aske.example')
const jonas = person('Jonas Ebersbach', 'jonas@ebersbach.example')
const solene = person('Solène Vauquier', 'solene@vauquier.example')
const ines = person('Inés Carrascal', 'ines@carrascal.example')

const disclaimer = `--
Imogen Shaw
Director, Kestrel & Shaw Ltd
14 Tanner’s Yard, Leeds LS9 8QT · 0113 496 0142

This message and any attachment are confidential and meant for the addressee alone. If you have received it in error, please tell the sender and delete it. Kestrel & Shaw Ltd accepts no liability for viruses or for opinions that are the sender’s own. Registered in England and Wales.
`
const right = 'right'
const goods = [{ title: 'Item', width: 3 }, { title: 'Qty', width: 1, align: right }, { title: 'Price', width: 1, align: right }]
const calendar = (uid, start, end, summary, location) => `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Calendar//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:${uid}
DTSTAMP:20260301T080000Z
DTSTART:${start}
DTEND:${end}
SUMMARY:${summary}
LOCATION:${location}
END:VEVENT
END:VCALENDAR
`

export const MAILS = [
  {
    file: 'eml/complaint-late-delivery-en.eml', type: 'complaint', language: 'en', wrapping: 'plain', how: { encoding: '7bit' }, from: rosalind, to: desk(c.kestrel), date: 'Tue, 03 Mar 2026 19:12:44 +0000', subject: 'Order 88213 - third missed delivery',
    facts: { order_number: '88213' },
    text: `Hello,

I have now stayed at home three times for order 88213, and three times
nobody came. Your driver's note says "customer absent". I was sitting
eight feet from the door with the window open.

This is the third time I write and I have yet to have an answer from a
person. I am very disappointed. I expect a delivery slot this week that
you will keep, and an explanation of why the note says what it says.

Rosalind Aske
5 Ferry Row, Whitby
`,
  },
  {
    file: 'eml/complaint-thread-en.eml', type: 'complaint', language: 'en', wrapping: 'alternative', from: person('Edwin Pritchard', 'e.pritchard@millbrook.example'), to: desk(c.kestrel, 'Imogen Shaw', 'imogen'), date: 'Fri, 22 May 2026 08:41:05 +0100', subject: 'Re: Toner – wrong cartridges again',
    facts: { invoice_number: 'KS/26/00812' },
    text: `Imogen,

Sorry, but this will not do. The replacements that came yesterday are the same wrong model, and two of the boxes were already open. We have an exam week ahead and no working printer in the sixth form. Please treat this as a formal complaint.

Edwin

> On 20 May 2026 at 14:02, Imogen Shaw wrote:
>
> Dear Edwin, I am sorry to hear that. The right cartridges leave our
> warehouse today and you need not send the others back.
>
>> On 20 May 2026 at 09:30, Edwin Pritchard wrote:
>>
>> The black toner on invoice KS/26/00812 does not fit our machines.
`,
    blocks: [paragraph('Imogen,'), paragraph('Sorry, but this will not do. The replacements that came yesterday are the same wrong model, and two of the boxes were already open. We have an exam week ahead and no working printer in the sixth form. Please treat this as a formal complaint.'), paragraph('Edwin'), rule(), paragraph('On 20 May 2026 at 14:02, Imogen Shaw wrote: Dear Edwin, I am sorry to hear that. The right cartridges leave our warehouse today and you need not send the others back.', 'italic')],
  },
  {
    file: 'eml/beschwerde-de.eml', type: 'complaint', language: 'de', wrapping: 'plain', how: { charset: 'iso-8859-1' }, words: 'q', charset: 'iso-8859-1', from: jonas, to: desk(c.moewe, 'Kundendienst Möwe', 'kundendienst'), date: 'Mon, 13 Apr 2026 21:07:31 +0200', subject: 'Beschwerde: Stuhl nach zwei Wochen defekt, niemand meldet sich',
    text: `Guten Tag,

der Bürostuhl, den ich am 27. März bei Ihnen gekauft habe, senkt sich seit gestern von selbst ab. Ich habe viermal bei Ihrer Hotline angerufen, jedes Mal über zwanzig Minuten gewartet und bin zweimal aus der Leitung geflogen.

So geht man nicht mit Kunden um. Ich erwarte, dass sich bis Freitag jemand meldet, der zuständig ist.

Mit verärgerten Grüßen
Jonas Ebersbach
`,
  },
  {
    file: 'eml/reclamation-fr.eml', type: 'complaint', language: 'fr', wrapping: 'plain', how: { encoding: 'base64' }, from: solene, to: desk(c.atelier, 'Atelier Gréhan'), date: 'Thu, 18 Jun 2026 12:20:00 +0200', subject: 'Réclamation : rideaux livrés trop courts et accueil désagréable',
    text: `Madame, Monsieur,

Les rideaux posés mardi sont trop courts de sept centimètres. Votre poseur m’a répondu que « cela se voyait à peine » et il est parti sans faire signer le bon.

Je suis très mécontente, du travail comme de la manière. Je vous demande de reprendre l’ouvrage à vos frais avant la fin du mois et de me présenter des excuses.

Solène Vauquier
`,
  },
  {
    file: 'eml/refund-request-en.eml', type: 'refund_request', language: 'en', wrapping: 'plain', from: rosalind, to: desk(c.harbour), date: 'Mon, 27 Jul 2026 10:03:18 +0100', subject: 'Refund for bench order H-2291, please', facts: { order_number: 'H-2291', amount: '612.50', currency: 'GBP' },
    text: `Dear Harbour Lane,

I returned the bench from order H-2291 on 14 July; your yard signed for it the same day. The £612.50 has not come back to my account yet.

Could you please refund it to the card I paid with (ending 4021)? If you need the receipt again I can send it.

With thanks,
Rosalind Aske
`,
  },
  {
    file: 'eml/refund-request-double-charge-en.eml', type: 'refund_request', language: 'en', wrapping: 'html', how: { encoding: 'base64' }, from: person('Walter Lindqvist', 'walter@tallgrass.example'), to: desk(c.liffey, 'Liffey Cloud Billing', 'billing'), date: 'Wed, 03 Jun 2026 15:44:09 -0500', subject: 'Charged twice for LC-2026-55107 – please return one payment', facts: { invoice_number: 'LC-2026-55107' },
    blocks: [paragraph('Hi,'), paragraph('Our card was charged twice on June 2 for invoice LC-2026-55107. Please refund the second payment and confirm when it is on its way.'), list(['June 2, 06:00 – first charge', 'June 2, 06:04 – second charge, same amount']), paragraph('Thanks, Walter')],
  },
  {
    file: 'eml/erstattung-de.eml', type: 'refund_request', language: 'de', wrapping: 'alternative', from: jonas, to: desk(c.alpenrad), date: 'Sun, 20 Sep 2026 17:55:52 +0200', subject: 'Rückerstattung für stornierte Buchung AR-60340 über 290 €', facts: { order_number: 'AR-60340' },
    text: `Guten Tag,

wegen der Unwetterwarnung haben Sie die Tour am 19. September abgesagt (Buchung AR-60340). Bitte überweisen Sie mir die bereits gezahlten 290 € auf das Konto zurück, von dem die Zahlung kam.

Vielen Dank und freundliche Grüße
Jonas Ebersbach
`,
    blocks: [paragraph('Guten Tag,'), paragraph('wegen der Unwetterwarnung haben Sie die Tour am 19. September abgesagt (Buchung AR-60340). Bitte überweisen Sie mir die bereits gezahlten 290 € auf das Konto zurück, von dem die Zahlung kam.'), paragraph('Vielen Dank und freundliche Grüße\nJonas Ebersbach')],
  },
  {
    file: 'eml/reembolso-es.eml', type: 'refund_request', language: 'es', wrapping: 'plain', words: 'q', from: ines, to: desk(c.nieblas, 'Imprenta Nieblas'), date: 'Tue, 10 Nov 2026 09:31:00 +0100', subject: 'Solicitud de reembolso: tarjetas con errata', facts: { order_number: 'P-26/311' },
    text: `Buenos días:

Las tarjetas del pedido P-26/311 llegaron con una errata que no estaba en la prueba que aprobé. Ya no me sirven, así que les ruego que me devuelvan los 71,39 € que pagué. Puedo enviarles las tarjetas si lo necesitan.

Un saludo,
Inés Carrascal
`,
  },
  {
    file: 'eml/order-confirmation-en.eml', type: 'order_confirmation', language: 'en', wrapping: 'html', from: desk(c.polder, 'Polderwind Fietsen', 'orders'), to: rosalind, date: 'Sat, 11 Apr 2026 20:16:37 +0200', subject: 'We have received your order 5500317 – thank you!', facts: { order_number: '5500317', total: '134.85', currency: 'EUR' },
    blocks: [title('Thank you for your order, Rosalind'), paragraph('We are packing order 5500317 and will write again when it is on its way.'), table(goods, [['Pannier “Sluis”, waterproof, pair', '1', '€109.90'], ['Bell, brass', '1', '€19.00']]), totals([['Shipping', '€5.95'], ['Total, paid by card', '€134.85', true]]), heading('Delivery address'), paragraph('Rosalind Aske, 5 Ferry Row, Whitby YO21 3PX'), paragraph('You receive this message because you placed an order in our shop. Oude Gracht 211, Utrecht.', 'italic')],
  },
  {
    file: 'eml/auftragsbestaetigung-de.eml', type: 'order_confirmation', language: 'de', wrapping: 'plain', from: desk(c.moewe, 'Möwe Büroausstattung', 'auftrag'), to: desk(c.lindner, 'Einkauf Lindner', 'einkauf'), date: 'Wed, 25 Feb 2026 11:28:14 +0100', subject: 'Auftragsbestätigung zu Ihrer Bestellung B-26-0219', facts: { order_number: 'B-26-0219' },
    text: `Sehr geehrte Damen und Herren,

wir danken für Ihre Bestellung B-26-0219 und bestätigen:

  4 Höhenverstellbarer Schreibtisch 160 x 80 cm      2.596,00 EUR
  4 Bürodrehstuhl „Lotse“                            1.250,00 EUR
  4 Rollcontainer mit drei Schüben                     759,60 EUR

Liefertermin: 12. März 2026, zwischen 8 und 12 Uhr.

Mit freundlichen Grüßen
Ihre Auftragsabteilung

Möwe Büroausstattung GmbH & Co. KG · Sitz Hamburg · Dies ist eine automatisch erzeugte Nachricht.
`,
  },
  {
    file: 'eml/confirmation-de-commande-fr.eml', type: 'order_confirmation', language: 'fr', wrapping: 'alternative', how: { encoding: 'base64' }, from: desk(c.boulangerie, 'Boulangerie du Vieux Four', 'commandes'), to: solene, date: 'Fri, 18 Dec 2026 18:02:27 +0100', subject: 'Votre commande n° 1207 est confirmée', facts: { order_number: '1207', total: '64.00', currency: 'EUR' },
    text: `Bonjour Solène,

Merci ! Votre commande n° 1207 est confirmée : deux bûches à la châtaigne, 64,00 €. À retirer le 24 décembre entre 8 h et 13 h.

À bientôt
`,
    blocks: [title('Merci pour votre commande'), paragraph('Commande n° 1207, à retirer le 24 décembre entre 8 h et 13 h.'), table([{ title: 'Article', width: 3 }, { title: 'Qté', width: 1, align: right }, { title: 'Prix', width: 1, align: right }], [['Bûche à la châtaigne', '2', '64,00 €']])],
  },
  {
    file: 'eml/newsletter-en.eml', type: 'newsletter', language: 'en', wrapping: 'alternative', headers: ['List-Unsubscribe: <https://news.liffeycloud.example/u/8841>', 'Precedence: bulk'], from: desk(c.liffey, 'Liffey Cloud', 'news'), to: rosalind, date: 'Thu, 01 Oct 2026 07:00:00 +0100', subject: 'The Quay, October: faster disks, a new office cat',
    text: `THE QUAY – October 2026

1. New disks. Every server in Dublin now runs on the new storage; most of you will see reads in half the time.
2. Workshop. Backups you can trust, 22 October, free for customers.
3. Meet Ledger, the office cat.

Read online: https://news.liffeycloud.example/october
Unsubscribe: https://news.liffeycloud.example/u/8841
`,
    blocks: [title('The Quay'), heading('New disks'), paragraph('Every server in Dublin now runs on the new storage; most of you will see reads in half the time.'), heading('Workshop: backups you can trust'), paragraph('22 October, free for customers.'), heading('Meet Ledger, the office cat'), paragraph('He came in with a delivery and stayed.'), rule(), paragraph('You receive this because you signed up at our site. Unsubscribe with one click.', 'italic')],
  },
  {
    file: 'eml/newsletter-de.eml', type: 'newsletter', language: 'de', wrapping: 'html', headers: ['List-Unsubscribe: <mailto:abmelden@donauquell.example>'], from: desk(c.donau, 'Donauquell Feinkost', 'post'), to: jonas, date: 'Tue, 01 Sep 2026 06:30:00 +0200', subject: 'Herbstpost: Kürbis, Quitte und 10 % auf alles aus der Wachau',
    blocks: [title('Herbstpost'), paragraph('Liebe Genießerinnen und Genießer, die ersten Quitten sind da.'), list(['Kürbiskernöl der neuen Ernte', 'Quittengelee aus dem Kupferkessel', 'Nur bis 15. September: 10 % auf alles aus der Wachau']), paragraph('Sie möchten keine Post mehr von uns? Hier abmelden.', 'italic')],
  },
  {
    file: 'eml/newsletter-it.eml', type: 'newsletter', language: 'it', wrapping: 'html', how: { encoding: '8bit' }, from: desk(c.ferraguto, 'Ferraguto Ceramiche', 'notizie'), to: ines, date: 'Mon, 04 May 2026 08:00:00 +0200', subject: 'Novità di maggio: la collezione Lago è arrivata',
    blocks: [title('La collezione Lago'), paragraph('Sei smalti nuovi, dal verde canna al grigio nebbia. Da questo mese in bottega e nel negozio in rete.'), heading('Porte aperte'), paragraph('Sabato 16 maggio vi aspettiamo in Via dei Vasai: tornio, caffè e una piccola vendita di seconde scelte.'), paragraph('Per non ricevere più le nostre notizie, annulla l’iscrizione.', 'italic')],
  },
  {
    file: 'eml/meeting-invitation-en.eml', type: 'meeting_invitation', language: 'en', wrapping: 'calendar', from: desk(c.kestrel, 'Imogen Shaw', 'imogen'), to: desk(c.millbrook, 'Edwin Pritchard', 'e.pritchard'), date: 'Mon, 02 Mar 2026 09:15:00 +0000', subject: 'Invitation: Website review, Thu 12 March, 14:00–15:00', facts: { start: '2026-03-12T14:00' },
    text: `Edwin Pritchard,

You are invited to: Website review
When: Thursday 12 March 2026, 14:00 to 15:00
Where: Kestrel & Shaw, 14 Tanner’s Yard, first floor
Agenda: 1. search  2. term dates  3. what next

Please accept or decline.

${disclaimer}`,
    calendar: calendar('7731-review@kestrel-shaw.example', '20260312T140000Z', '20260312T150000Z', 'Website review', '14 Tanner’s Yard\\, first floor'),
  },
  {
    file: 'eml/einladung-de.eml', type: 'meeting_invitation', language: 'de', wrapping: 'calendar', how: { encoding: 'base64' }, from: desk(c.lindner, 'Einkauf Lindner', 'einkauf'), to: desk(c.hoellerer, 'Benedikt Höllerer', 'b.hoellerer'), date: 'Thu, 20 Aug 2026 16:48:00 +0200', subject: 'Terminanfrage: Begehung Halle 2, Dienstag 1. September, 10 Uhr', facts: { start: '2026-09-01T10:00' },
    text: `Guten Tag Herr Höllerer,

gern möchten wir die Halle 2 mit Ihnen begehen.

Termin: Dienstag, 1. September 2026, 10:00 bis 11:30 Uhr
Ort: Gerberstraße 18, Treffpunkt Pforte

Bitte geben Sie kurz Bescheid, ob Ihnen der Termin passt.

Freundliche Grüße
Einkauf Lindner Werkzeugbau GmbH
`,
    calendar: calendar('halle2@lindner-werkzeugbau.example', '20260901T080000Z', '20260901T093000Z', 'Begehung Halle 2', 'Gerberstraße 18'),
  },
  {
    file: 'eml/convite-reuniao-pt.eml', type: 'meeting_invitation', language: 'pt', wrapping: 'plain', from: desk(c.ribeira, 'Hotel Ribeira Clara', 'direcao'), to: desk(c.azulejo, 'Casa do Azulejo', 'atelier'), date: 'Wed, 07 Jan 2026 10:10:10 +0000', subject: 'Convite: reunião sobre os painéis do átrio, 15 de janeiro', facts: { start: '2026-01-15T11:00' },
    text: `Bom dia,

Convidamo-los para uma reunião sobre os painéis do átrio na quinta-feira, 15 de janeiro, às 11 horas, no Largo do Cais 2. Agradecemos que confirmem a presença e que tragam as amostras.

Com os melhores cumprimentos,
A Direção
`,
  },
  {
    file: 'eml/invoice-attached-en.eml', type: 'invoice', language: 'en', wrapping: 'attachment', attachments: ['pdf/invoice-en.pdf'], from: desk(c.kestrel, 'Kestrel & Shaw Accounts', 'accounts'), to: desk(c.harbour, 'Harbour Lane Joinery', 'office'), cc: desk(c.kestrel, 'Imogen Shaw', 'imogen'), date: 'Wed, 04 Mar 2026 16:30:21 +0000', subject: 'Your invoice INV-2026-0147', facts: { invoice_number: 'INV-2026-0147', date: '2026-03-04' },
    text: `Dear customer,

Please find attached invoice INV-2026-0147 of 4 March 2026. Payment is due within 30 days.

${disclaimer}`,
  },
  {
    file: 'eml/none-holiday-greetings-en.eml', type: 'none', language: 'en', wrapping: 'plain', from: rosalind, to: person('Dana Okonjo', 'dana@okonjo.example'), date: 'Sun, 09 Aug 2026 22:14:00 +0100', subject: 'seals!!',
    text: `Dana – we saw eleven seals off the point this morning, and one of them sneezed. The children have talked of nothing else. The weather turned at four and we ran for the car with the sandwiches under our coats. Wish you were here, bring your boots next time. R x
`,
  },
]
