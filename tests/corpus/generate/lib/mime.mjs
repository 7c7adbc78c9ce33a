// Mail as it travels: CRLF lines, encoded words, transfer encodings, nested parts.

import { random } from './random.mjs'

const CHARSET = { 'utf-8': 'utf8', 'iso-8859-1': 'latin1' }
const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, '0')

/** RFC 2047: `b` or `q`, in words of at most 75 characters that never cut a letter in two. */
export function encodedWord(text, how = 'b', charset = 'utf-8') {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  const write = { b: (bytes) => bytes.toString('base64'), q: (bytes) => [...bytes].map((byte) => (byte === 32 ? '_' : /[A-Za-z0-9]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `=${hex(byte)}`)).join('') }[how]
  const words = ['']
  for (const letter of text) {
    const longer = words.at(-1) + letter
    if (write(Buffer.from(longer, CHARSET[charset])).length > 75 - charset.length - 7) words.push(letter)
    else words[words.length - 1] = longer
  }
  return words.map((word) => `=?${charset}?${how.toUpperCase()}?${write(Buffer.from(word, CHARSET[charset]))}?=`).join('\r\n ')
}

const address = ({ name, mail }, how) => {
  const phrase = encodedWord(name, how)
  return `${phrase === name && /[^\w ]/.test(name) ? `"${name}"` : phrase} <${mail}>`
}

function quotedPrintable(bytes) {
  const line = (text) => {
    const out = ['']
    const coded = [...text].map((byte, i) => (byte === 61 || byte > 126 || (byte < 32 && byte !== 9) || (byte === 32 && i === text.length - 1) ? `=${hex(byte)}` : String.fromCharCode(byte)))
    for (const piece of coded) {
      if (out.at(-1).length + piece.length > 75) out.push('')
      out[out.length - 1] += piece
    }
    return out.join('=\r\n')
  }
  return bytes.toString('latin1').split('\n').map((text) => line(Buffer.from(text, 'latin1'))).join('\r\n')
}

const ENCODE = {
  '7bit': (bytes) => bytes.toString('latin1').replaceAll('\n', '\r\n'),
  '8bit': (bytes) => bytes.toString('latin1').replaceAll('\n', '\r\n'),
  'quoted-printable': quotedPrintable,
  base64: (bytes) => bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n'),
}

/** A leaf `{ type, text | bytes, charset?, encoding?, filename? }` or a branch `{ multipart, parts }`; returns latin1 text. */
function part(body, source) {
  if (body.multipart) {
    const boundary = `----=_Part_${source.digits(6)}_${source.digits(10)}`
    const parts = body.parts.map((inner) => `--${boundary}\r\n${part(inner, source)}\r\n`).join('')
    return `Content-Type: multipart/${body.multipart};\r\n boundary="${boundary}"\r\n\r\n${parts}--${boundary}--\r\n`
  }
  const { type = 'text/plain', text, bytes, charset = 'utf-8', encoding = 'quoted-printable', filename } = body
  const headers = [
    `Content-Type: ${type}${bytes ? '' : `; charset=${charset}`}${filename ? `; name="${filename}"` : ''}`,
    `Content-Transfer-Encoding: ${bytes ? 'base64' : encoding}`,
    ...(filename ? [`Content-Disposition: attachment; filename="${filename}"`] : []),
  ]
  return `${headers.join('\r\n')}\r\n\r\n${ENCODE[bytes ? 'base64' : encoding](bytes ?? Buffer.from(text, CHARSET[charset]))}`
}

/** The whole message as bytes. `date` is 'Tue, 03 Mar 2026 09:12:44 +0100'; `words` is how the headers are encoded. */
export function message({ from, to, cc, subject, date, words = 'b', charset, headers = [], body }) {
  const source = random(subject + date)
  const lines = [
    `Received: from mx${source.int(1, 9)}.relay.example (mx.relay.example [192.0.2.${source.int(2, 250)}])\r\n\tby inbound.example with ESMTPS id ${source.digits(10)}; ${date}`,
    `Date: ${date}`,
    `From: ${address(from, words)}`,
    `To: ${address(to, words)}`,
    ...(cc ? [`Cc: ${address(cc, words)}`] : []),
    `Message-ID: <${source.digits(14)}.${source.digits(5)}@${from.mail.split('@')[1]}>`,
    `Subject: ${encodedWord(subject, words, charset)}`,
    ...headers,
    'MIME-Version: 1.0',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n${part(body, source)}\r\n`, 'latin1')
}
