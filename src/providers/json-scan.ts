/**
 * A walk over the bytes of a JSON text that finds what parsers hide: keys that stand twice at the top
 * level, and how deep the text nests. It validates nothing; on a text that is not JSON it finds something
 * or other and ends.
 */
export type TopLevelScan = {
  readonly isTooDeep: boolean
  /** The first key that stands twice in the outermost object. */
  readonly duplicateKey: string | undefined
}

const quote = 0x22
const backslash = 0x5c

export function scanTopLevel(body: Uint8Array, depthMax: number): TopLevelScan {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const keys = new Set<string>()
  let duplicateKey: string | undefined
  let depth = 0
  // At depth 1 every other string is a key: those that stand before a colon.
  let isKeyNext = false
  for (let i = 0; i < bytes.length; i += 1) {
    switch (bytes[i]) {
      case quote: {
        const end = endOfString(bytes, i + 1)
        if (depth === 1 && isKeyNext) {
          const key = readKey(bytes, i, end)
          duplicateKey ??= keys.has(key) ? key : undefined
          keys.add(key)
        }
        isKeyNext = false
        i = end
        break
      }
      case 0x7b: // {
        depth += 1
        isKeyNext = depth === 1
        break
      case 0x5b: // [
        depth += 1
        isKeyNext = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1
        break
      case 0x2c: // ,
        isKeyNext = depth === 1
        break
      default:
    }
    if (depth > depthMax) return { isTooDeep: true, duplicateKey }
  }
  return { isTooDeep: false, duplicateKey }
}

/** Short strings are cheapest to walk; the search of the platform wins on long ones. */
const walkBytesMax = 48

/** The place of the closing quote, or the end of the bytes where there is none. */
function endOfString(bytes: Buffer, start: number): number {
  let i = start
  const walkEnd = Math.min(bytes.length, start + walkBytesMax)
  for (; i < walkEnd; i += 1) {
    const byte = bytes[i]
    if (byte === quote) return i
    if (byte === backslash) i += 1
  }
  // The walk may have stepped over an escaped byte at its edge; `i` is where the next byte is a plain one.
  for (;;) {
    const found = bytes.indexOf(quote, i)
    if (found === -1) return bytes.length
    let escapes = 0
    while (found - escapes > i && bytes[found - escapes - 1] === backslash) escapes += 1
    if (escapes % 2 === 0) return found
    i = found + 1
  }
}

function readKey(bytes: Buffer, open: number, close: number): string {
  const raw = bytes.toString('utf8', open + 1, close)
  if (!raw.includes('\\')) return raw
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    return raw
  }
}
