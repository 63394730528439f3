import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'

/** A fresh folder on the disk of the checkout: the system's folder for such may be memory, which syncs for free. */
export function benchFolder(): string {
  const cache = join(import.meta.dirname, '..', '.cache')
  mkdirSync(cache, { recursive: true })
  return mkdtempSync(join(cache, 'bench-'))
}
