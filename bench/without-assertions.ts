import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/**
 * Loads a module and all that it imports of the project a second time, with assertions that look at nothing. Only
 * the module loader of this bench can do that: the program itself has no switch for it.
 */
const mark = '?without-assertions'
const invariants = new URL('../src/core/invariants.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context)
    const isMarked = context.parentURL?.endsWith(mark) === true && found.url.startsWith('file:')
    const isOurs = isMarked && !found.url.includes('/node_modules/') && !found.url.endsWith(mark)
    return isOurs ? { ...found, url: `${found.url}${mark}` } : found
  },
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (url !== `${invariants}${mark}`) return loaded
    return { ...loaded, source: withoutAssertions(readFileSync(new URL(invariants), 'utf8')) }
  },
})

/** Both functions end where they begin. */
function withoutAssertions(source: string): string {
  const heads = [...source.matchAll(/^export function assert(?:Entry|Sums)\(.*\{$/gm)]
  if (heads.length !== 2) throw new Error('src/core/invariants.ts has not the two assertions')
  return source.replaceAll(/^(export function assert(?:Entry|Sums)\(.*\{)$/gm, '$1\n  return 0n')
}

export async function loadWithoutAssertions<Module>(specifier: string): Promise<Module> {
  const url = new URL(specifier, import.meta.url).href
  return await import(`${url}${mark}`)
}
