// Seeded randomness: the same seed gives the same documents.

/** mulberry32, seeded by the characters of a name. */
export function random(seed) {
  let state = 0x9e3779b9
  for (const c of seed) state = Math.imul(state ^ c.codePointAt(0), 0x85ebca6b) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (from, to) => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    int,
    pick: (list) => list[int(0, list.length - 1)],
    digits: (count) => Array.from({ length: count }, (_, i) => int(i === 0 ? 1 : 0, 9)).join(''),
  }
}

/** Libraries that draw ids from the platform draw them from the seed while `work` runs. */
export async function withoutChance(seed, work) {
  const { next, int } = random(seed)
  const kept = [Math.random, globalThis.crypto.getRandomValues]
  Math.random = next
  globalThis.crypto.getRandomValues = (array) => (array.set(array.map(() => int(0, 255))), array)
  try {
    return await work()
  } finally {
    ;[Math.random, globalThis.crypto.getRandomValues] = kept
  }
}
