import { findRepeatedKey } from '../../core/repeated-key.ts'
import { AdminFailure } from '../failures.ts'

/**
 * Reads a request body as JSON and refuses what two readers could understand differently: bytes that
 * are not UTF-8, and an object that says one key twice. A command about money has one meaning or none.
 */
export function readJson(bytes: Uint8Array): unknown {
  const text = readText(bytes)
  const value = parse(text)
  const twice = findRepeatedKey(text)
  if (twice !== undefined) {
    throw new AdminFailure(
      'invalid_json',
      `The key ${JSON.stringify(twice)} stands twice in one object.`,
    )
  }
  return value
}

function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw withCause(new AdminFailure('invalid_json', 'The body is not UTF-8 text.'), cause)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw withCause(new AdminFailure('invalid_json', 'The body is not valid JSON.'), cause)
  }
}

function withCause(failure: AdminFailure, cause: unknown): AdminFailure {
  failure.cause = cause
  return failure
}
