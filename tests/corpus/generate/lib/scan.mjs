// A page as a scanner sees it: letters of dots in a picture, and not a word of text. Written as PNG.

import { zlibSync } from 'fflate'
import { random } from './random.mjs'

const [WIDTH, HEIGHT, DOT] = [620, 877, 3]
// Five rows of three dots for each letter, one octal digit a row.
const LETTERS = Object.fromEntries(
  'A25755 B65656 C34443 D65556 E74647 F74644 G34553 H55755 I72227 J11152 K55655 L44447 M57755 N65555 O25552 P65644 Q25563 R65655 S34216 T72222 U55557 V55552 W55775 X55255 Y55222 Z71247 075557 126227 261247 361216 455711 574616 634652 771244 825252 925316 .00002 ,00024 :02020 -00700 /11244'
    .split(' ').map((entry) => [entry[0], [...entry.slice(1)].map(Number)]),
)

function draw(pixels, text, left, top) {
  const dot = (x, y) => {
    for (let i = 0; i < DOT * DOT; i++) pixels[(y + Math.floor(i / DOT)) * WIDTH + x + (i % DOT)] = 45
  }
  ;[...text].forEach((letter, i) => LETTERS[letter]?.forEach((bits, row) => {
    for (let column = 0; column < 3; column++) if (bits & (4 >> column)) dot(left + (i * 4 + column) * DOT, top + row * DOT)
  }))
}

const crc32 = (bytes) => {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A grey PNG of the lines, a little dusty. */
export function scan(lines) {
  const { int } = random(lines.join())
  const pixels = Buffer.alloc(WIDTH * HEIGHT, 246)
  for (let i = 0; i < 400; i++) pixels[int(0, pixels.length - 1)] = int(120, 230)
  lines.forEach((line, i) => draw(pixels, line, 60, 70 + i * 26))
  const rows = Buffer.concat(Array.from({ length: HEIGHT }, (_, y) => Buffer.concat([Buffer.from([0]), pixels.subarray(y * WIDTH, (y + 1) * WIDTH)])))
  const header = Buffer.alloc(13)
  header.writeUInt32BE(WIDTH, 0)
  header.writeUInt32BE(HEIGHT, 4)
  header.set([8, 0, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', Buffer.from(zlibSync(rows, { level: 9 }))), chunk('IEND', Buffer.alloc(0))])
}
