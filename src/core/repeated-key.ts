/**
 * The first key that an object of this valid JSON text says twice. Two readers would understand such a
 * text differently, so whatever is about money refuses it.
 */
export function findRepeatedKey(jsonText: string): string | undefined {
  const open: (Set<string> | null)[] = []
  let isKeyNext = false
  for (const [token] of jsonText.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    const keys = open.at(-1)
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null)
    else if (token === '}' || token === ']') open.pop()
    else if (token !== ',' && token !== ':' && isKeyNext && keys instanceof Set) {
      const key = String(JSON.parse(token))
      if (keys.has(key)) return key
      keys.add(key)
    }
    isKeyNext = token === '{' || token === ','
  }
  return undefined
}
