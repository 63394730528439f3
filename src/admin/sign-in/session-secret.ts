import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../../system/random.ts'

/**
 * What signs the cookies of sessions. It lies in the data folder and not in the journal: who gets hold of a backup has
 * nobody's session. Where it is missing, it is made anew, and everybody signs in again.
 */
export const sessionSecretFile = 'session-secret'

const pattern = /^[0-9a-f]{64}$/

export async function ensureSessionSecret(random: Random, dataFolder: string): Promise<string> {
  const path = join(dataFolder, sessionSecretFile)
  const kept = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  if (pattern.test(kept.trim())) return kept.trim()
  const secret = random.bytes(32).toString('hex')
  await rm(`${path}.new`, { force: true })
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true })
  await rename(`${path}.new`, path)
  return secret
}
