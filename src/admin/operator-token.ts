import { createHash } from 'node:crypto'
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from '../operations/parts.ts'

/**
 * The operator's token: whoever has it may do everything. The journal keeps only its SHA-256; the plain
 * text lies in the data folder, readable by its owner alone, so that the command line on the same machine
 * finds it. An operator may move that file to a safe place: it is not written again.
 */
export const operatorTokenFile = 'operator-token'

const tokenPattern = /^plop_[0-9a-f]{64}$/
const secretName = 'operator_token_sha256'

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * Makes the token at the first start and answers with its SHA-256. The text is on disk under a passing
 * name before its digest is kept, so that a crash in between locks nobody out: the next start finishes it.
 */
export async function ensureOperatorToken(
  { storage, random }: Pick<Parts, 'storage' | 'random'>,
  dataFolder: string,
): Promise<string> {
  const path = join(dataFolder, operatorTokenFile)
  const kept = await readToken(path)
  if (kept !== undefined) {
    await chmod(path, 0o600)
    return storage.secret(secretName, () => sha256Hex(kept))
  }

  const passingPath = `${path}.new`
  let token = await readToken(passingPath)
  if (token === undefined) {
    token = `plop_${random.bytes(32).toString('hex')}`
    await rm(passingPath, { force: true })
    await writeFile(passingPath, `${token}\n`, { mode: 0o600, flag: 'wx', flush: true })
  }
  const made = token
  const digest = await storage.secret(secretName, () => sha256Hex(made))
  if (digest === sha256Hex(made)) await rename(passingPath, path)
  else await rm(passingPath, { force: true })
  return digest
}

/** The token that lies in a data folder; undefined when there is none that this user may read. */
export const readOperatorToken = (dataFolder: string): Promise<string | undefined> =>
  readToken(join(dataFolder, operatorTokenFile))

async function readToken(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    return tokenPattern.test(text) ? text : undefined
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    throw error
  }
}
