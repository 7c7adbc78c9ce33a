// Mail: the same few kinds of message in many wrappings.

import { message } from '../lib/mime.mjs'
import { htmlBody } from '../lib/page.mjs'
import { MAILS } from './mail.data.mjs'

const plain = (text, how) => ({ type: 'text/plain', text, ...how })
const rich = (blocks, how) => ({ type: 'text/html', text: `<html><body style="font-family:Arial,sans-serif">\n${htmlBody(blocks)}\n</body></html>\n`, ...how })

/** How a message is wrapped; `attached` finds a document made before. */
const WRAPPINGS = {
  plain: ({ text, how }) => plain(text, how),
  html: ({ blocks, how }) => rich(blocks, how),
  alternative: ({ text, blocks, how }) => ({ multipart: 'alternative', parts: [plain(text, how), rich(blocks, how)] }),
  calendar: ({ text, calendar, how }) => ({ multipart: 'alternative', parts: [plain(text, how), { type: 'text/calendar; method=REQUEST', text: calendar, encoding: '8bit' }] }),
  attachment: ({ text, how, attachments }, attached) => ({
    multipart: 'mixed', parts: [plain(text, how), ...attachments.map((file) => ({ type: 'application/pdf', bytes: attached(file), filename: file.split('/').pop() }))],
  }),
}

export async function documents(made) {
  const attached = (file) => made.find((document) => document.file === file).bytes
  return MAILS.map(({ file, type, language, wrapping, facts, attachments, ...mail }) => ({
    file, type, language, facts: { subject: mail.subject, from: mail.from.mail, ...facts }, ...(attachments && { attachments }), format: 'eml',
    bytes: message({ ...mail, body: WRAPPINGS[wrapping]({ ...mail, attachments }, attached) }),
  }))
}
