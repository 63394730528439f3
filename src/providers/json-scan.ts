/**
 * A walk over a JSON text that finds what parsers hide: keys that stand twice where they decide
 * about the price, and how deep the text nests. It validates nothing; on a text that is not JSON it finds
 * something or other and ends.
 */
export type PricedScan = {
  readonly isTooDeep: boolean
  /** The first key that stands twice in one of the looked-at objects. */
  readonly duplicateKey: string | undefined
}

const quote = 0x22
const backslash = 0x5c

/** Fields whose own objects, or the objects of whose list, name models, tools and ways to run. */
const pricedFields: ReadonlySet<string> = new Set([
  'fallbacks',
  'tools',
  'thinking',
  'mcp_servers',
  'container',
])
/** The outermost object, a list in it, and the objects of that list. */
const lookedAtDepth = 3

/** Looks at the outermost object, and at those right below its priced fields. */
export function scanPriced(text: string, depthMax: number): PricedScan {
  const found = new FoundKeys()
  let depth = 0
  // Keys of objects that are looked at: strings right after the brace or a comma.
  let isKeyNext = false
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case quote: {
        const end = endOfString(text, i + 1)
        if (isKeyNext) found.see(readKey(text.slice(i + 1, end)), depth)
        isKeyNext = false
        i = end
        break
      }
      case 0x7b: // {
        depth += 1
        isKeyNext = depth <= found.depthMax && found.open(depth, true)
        break
      case 0x5b: // [
        depth += 1
        isKeyNext = depth <= found.depthMax && found.open(depth, false)
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1
        break
      case 0x2c: // ,
        isKeyNext = depth <= found.depthMax && found.isInObject(depth)
        break
      default:
    }
    if (depth > depthMax) return { isTooDeep: true, duplicateKey: found.duplicateKey }
  }
  return { isTooDeep: false, duplicateKey: found.duplicateKey }
}

/** The keys of the objects that are open and looked at, by their depth. */
class FoundKeys {
  duplicateKey: string | undefined
  /** How deep objects are looked at within the field that the walk is in. */
  depthMax = 1
  readonly #keys: (Set<string> | undefined)[] = []

  open(depth: number, isObject: boolean): boolean {
    this.#keys[depth] = isObject ? new Set() : undefined
    return isObject
  }

  isInObject(depth: number): boolean {
    return this.#keys[depth] !== undefined
  }

  see(key: string, depth: number): void {
    const keys = this.#keys[depth]
    if (keys === undefined) return
    if (keys.has(key)) this.duplicateKey ??= key
    keys.add(key)
    if (depth === 1) this.depthMax = pricedFields.has(key) ? lookedAtDepth : 1
  }
}

/** Short strings are cheapest to walk; the search of the platform wins on long ones. */
const walkCharsMax = 48

/** The place of the closing quote, or the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  let i = start
  const walkEnd = Math.min(text.length, start + walkCharsMax)
  for (; i < walkEnd; i += 1) {
    const char = text.charCodeAt(i)
    if (char === quote) return i
    if (char === backslash) i += 1
  }
  // The walk may have stepped over an escaped character at its edge; `i` is where the next one is plain.
  for (;;) {
    const found = text.indexOf('"', i)
    if (found === -1) return text.length
    let escapes = 0
    while (found - escapes > i && text.charCodeAt(found - escapes - 1) === backslash) escapes += 1
    if (escapes % 2 === 0) return found
    i = found + 1
  }
}

function readKey(raw: string): string {
  if (!raw.includes('\\')) return raw
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    return raw
  }
}
