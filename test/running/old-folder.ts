import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Told } from './stream-load.ts'

/** The journal that 0.1.0 left when it was killed with requests running; `make-old-folder.ts` writes it. */
const oldFolder = join(import.meta.dirname, 'from-0.1.0')
/** What its clients were told, and the id of a refusal. */
export const old = JSON.parse(readFileSync(join(oldFolder, 'told.json'), 'utf8')) as {
  readonly denial: string
  readonly told: readonly Told[]
}

export function unpackOld(folder: string): void {
  mkdirSync(folder, { mode: 0o700 })
  for (const name of ['journal.db', 'journal.db-wal']) {
    writeFileSync(join(folder, name), gunzipSync(readFileSync(join(oldFolder, `${name}.gz`))))
  }
}
