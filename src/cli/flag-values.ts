import { InvalidArgumentError } from 'commander'

/** Values of flags and arguments, checked before anything is sent, so that a problem is told by its flag. */

export function readId(text: string): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('It has 1 to 64 letters, digits, dots, dashes or underscores.')
}

export function readName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.')
  if (text.trim().length > 100) throw new InvalidArgumentError('It has at most 100 characters.')
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text))
    throw new InvalidArgumentError('It must not have control characters.')
  return text
}

export function readZone(text: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format(0)
    return text
  } catch {
    throw new InvalidArgumentError('It has to be a time zone such as Europe/Berlin or UTC.')
  }
}

export function readDate(text: string): number {
  const isDate = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(text)
  const atMs = isDate ? Date.parse(text) : NaN
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('It has to be a date such as 2027-01-31.')
  return atMs
}

export function readWholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It has to be a whole number.')
}

export function readRows(text: string): number {
  const rows = readWholeNumber(text)
  if (rows >= 1 && rows <= 500) return rows
  throw new InvalidArgumentError('It has to be 1 to 500.')
}

export function readRetryKey(text: string): string {
  if (/^[\x21-\x7e]{1,100}$/.test(text)) return text
  throw new InvalidArgumentError('It has 1 to 100 ASCII characters without spaces.')
}
