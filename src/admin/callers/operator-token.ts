import { createHash } from 'node:crypto'
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from '../../operations/parts.ts'

/**
 * The operator's token: whoever has it may do everything. The journal keeps only its SHA-256; the plain
 * text lies in the data folder, readable by its owner alone, so that the command line on the same machine
 * finds it. An operator may move that file to a safe place: no start writes it again.
 */
export const operatorTokenFile = 'operator-token'

const tokenPattern = /^plop_[0-9a-f]{64}$/
export const operatorTokenSecret = 'operator_token_sha256'

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
  const passingPath = `${path}.new`
  const kept = await readToken(path)
  const passing = await readToken(passingPath)
  if (kept !== undefined) await chmod(path, 0o600)
  if (kept !== undefined && passing === undefined) {
    return storage.secret(operatorTokenSecret, () => sha256Hex(kept))
  }
  const token = kept ?? passing ?? (await writePassing(passingPath, random))
  const digest = await storage.secret(operatorTokenSecret, () => sha256Hex(token))
  if (digest === sha256Hex(passing ?? token)) await rename(passingPath, path)
  else await rm(passingPath, { force: true })
  return digest
}

/**
 * Gives a stopped installation a new token; the old one is worth nothing from then on. Whoever may write the data
 * folder may do it. Whenever it is killed, the next start finds the file of the digest that counts.
 */
export async function replaceOperatorToken(
  { storage, random }: Pick<Parts, 'storage' | 'random'>,
  dataFolder: string,
): Promise<string> {
  const path = join(dataFolder, operatorTokenFile)
  const token = await writePassing(`${path}.new`, random)
  await storage.replaceSecret(operatorTokenSecret, sha256Hex(token))
  await rename(`${path}.new`, path)
  return path
}

async function writePassing(path: string, random: Parts['random']): Promise<string> {
  const token = `plop_${random.bytes(32).toString('hex')}`
  await rm(path, { force: true })
  await writeFile(path, `${token}\n`, { mode: 0o600, flag: 'wx', flush: true })
  return token
}

/** Whether the file in a data folder holds the token whose digest its journal keeps. */
export type TokenState = 'fits' | 'missing' | 'other'

/** A journal that never had a token gets one at its first start. */
export async function operatorTokenState(
  dataFolder: string,
  digest: string | undefined,
): Promise<TokenState> {
  const token = await readOperatorToken(dataFolder)
  if (digest === undefined) return 'fits'
  if (token === undefined) return 'missing'
  return sha256Hex(token) === digest ? 'fits' : 'other'
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
