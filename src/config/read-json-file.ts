import { readFileSync } from 'node:fs'
import { findRepeatedKey } from '../core/repeated-key.ts'

/** A file of the operator's that cannot be read, or is no JSON that has one meaning. */
export class JsonFileError extends Error {
  readonly code = 'file_unusable'
}

/** `what` is what the file is called for people, such as "prices file". */
export function readJsonFile(path: string, what: string): unknown {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new JsonFileError(`The ${what} ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
  try {
    return parseJson(content)
  } catch (cause) {
    throw new JsonFileError(`The ${what} ${path}: ${messageOf(cause)}`, { cause })
  }
}

/** Parses JSON and refuses an object that says a key twice. */
export function parseJson(content: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (cause) {
    // The parser quotes the place, and what stands there may be a secret.
    const problem = messageOf(cause).replace(/, (?:\.{3})?"[\s\S]*$/, ' in JSON')
    throw new JsonFileError(`This is not JSON: ${problem}`)
  }
  const twice = findRepeatedKey(content)
  if (twice === undefined) return value
  throw new JsonFileError(`"${twice}" stands twice in one object; keep one of them.`)
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
