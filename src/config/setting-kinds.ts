import { isAbsolute, resolve } from 'node:path'
import { parseMoney, type Nanos } from '../core/money.ts'

/** One setting as it is declared: what it is called for people, what it takes, what it is when nobody says. */
export type Declaration<Value> = {
  /** One sentence; the docs page and `--help` print it. */
  readonly sentence: string
  /** What it takes, in a few words: stands in the docs, and in the error when a value does not fit. */
  readonly takes: string
  readonly default: Value
  /** How the default reads, where the value itself would not say it. */
  readonly defaultText: string
  /** The value, or undefined when the text does not fit. `folder` is what relative paths start from. */
  readonly parse: (text: string, folder: string) => Value | undefined
  readonly isSecret: boolean
  /** A switch may stand alone on the command line. */
  readonly isSwitch: boolean
  /** Another environment variable that is read when ours is not set. */
  readonly environmentAlias?: string
}

type Words = { readonly sentence: string; readonly defaultText?: string }

function declare<Value>(
  words: Words,
  declared: Pick<Declaration<Value>, 'takes' | 'default' | 'parse'>,
): Declaration<Value> {
  const defaultText = words.defaultText ?? String(declared.default)
  return { ...declared, sentence: words.sentence, defaultText, isSecret: false, isSwitch: false }
}

const nonEmpty = (text: string): string | undefined => (text === '' ? undefined : text)

export const text = (defaultValue: string, sentence: string): Declaration<string> =>
  declare({ sentence }, { takes: 'text', default: defaultValue, parse: nonEmpty })

/** A path; relative ones start at the current folder, in a settings file at that file's folder. */
const parsePath = (path: string, folder: string): string | undefined =>
  path === '' ? undefined : isAbsolute(path) ? path : resolve(folder, path)

export const path = (defaultValue: string, sentence: string): Declaration<string> =>
  declare({ sentence }, { takes: 'a path', default: defaultValue, parse: parsePath })

export const optionalPath = (sentence: string, defaultText: string): Declaration<string | null> =>
  declare({ sentence, defaultText }, { takes: 'a path', default: null, parse: parsePath })

/** `-` is standard output, as for other programs. */
export const pathOrOutput = (sentence: string, defaultText: string): Declaration<string | null> =>
  declare(
    { sentence, defaultText },
    {
      takes: 'a path or -',
      default: null,
      parse: (path, folder) => (path === '-' ? path : parsePath(path, folder)),
    },
  )

/** A base address: paths are put after it, so it can end in a path and nothing else. */
function parseUrl(url: string): string | undefined {
  if (!URL.canParse(url) || /[?#\s\\]/.test(url)) return undefined
  const { protocol, username, password } = new URL(url)
  const isPlain = (protocol === 'http:' || protocol === 'https:') && username + password === ''
  return isPlain ? url.replace(/\/+$/, '') : undefined
}

export const optionalUrl = (sentence: string, defaultText: string): Declaration<string | null> =>
  declare(
    { sentence, defaultText },
    {
      takes: 'an http or https address without a user, password, query or fragment',
      default: null,
      parse: parseUrl,
    },
  )

/** Visible ASCII: what a header can carry. A line break in a secret is nearly always a copying mistake. */
const parseSecret = (secret: string): string | undefined =>
  /^[\x21-\x7e]+$/.test(secret) ? secret : undefined

export const secret = (
  sentence: string,
  options: { readonly defaultText: string; readonly environmentAlias?: string },
): Declaration<string | null> => ({
  ...declare(
    { sentence, defaultText: options.defaultText },
    { takes: 'a secret without spaces or line breaks', default: null, parse: parseSecret },
  ),
  isSecret: true,
  ...(options.environmentAlias === undefined ? {} : { environmentAlias: options.environmentAlias }),
})

/** One or a few of them, separated by commas, which no such secret contains. */
const secretsMax = 8

export const secretList = (
  sentence: string,
  options: { readonly defaultText: string; readonly environmentAlias?: string },
): Declaration<string | null> => ({
  ...secret(sentence, options),
  takes: `a secret without spaces or line breaks, or up to ${secretsMax} different ones separated by commas`,
  parse: (given) => {
    const secrets = given.split(',')
    const isFine =
      secrets.length <= secretsMax &&
      new Set(secrets).size === secrets.length &&
      secrets.every((one) => parseSecret(one) !== undefined)
    return isFine ? given : undefined
  },
})

type Bounds = { readonly min: number; readonly max: number }

export function wholeNumber(
  defaultValue: number,
  bounds: Bounds,
  sentence: string,
): Declaration<number> {
  return declare(
    { sentence },
    {
      takes: `a whole number from ${bounds.min} to ${bounds.max}`,
      default: defaultValue,
      parse: (digits) => {
        const value = /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN
        return value >= bounds.min && value <= bounds.max ? value : undefined
      },
    },
  )
}

/** 0 asks the system for a free port. */
export const port = (defaultValue: number, sentence: string): Declaration<number> =>
  wholeNumber(defaultValue, { min: 0, max: 65_535 }, sentence)

export const money = (
  defaultValue: Nanos,
  words: { readonly sentence: string; readonly defaultText: string },
): Declaration<Nanos> =>
  declare(words, {
    takes: 'an amount such as 10 or 12.50',
    default: defaultValue,
    parse: parseMoney,
  })

export const oneOf = <const Choice extends string | number>(
  choices: readonly [Choice, ...Choice[]],
  sentence: string,
): Declaration<Choice> =>
  declare<Choice>(
    { sentence },
    {
      takes: `one of ${choices.join(', ')}`,
      default: choices[0],
      parse: (chosen) => choices.find((choice) => String(choice) === chosen),
    },
  )

export const onOff = (defaultValue: boolean, sentence: string): Declaration<boolean> => ({
  ...declare<boolean>(
    { sentence },
    {
      takes: 'true or false',
      default: defaultValue,
      parse: (said) => (said === 'true' ? true : said === 'false' ? false : undefined),
    },
  ),
  isSwitch: true,
})

function parseZone(zone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

export const isTimeZone = (zone: string): boolean => parseZone(zone) !== undefined

/** An IANA zone; without one, the zone of the machine. */
export const timeZone = (sentence: string): Declaration<string> =>
  declare(
    { sentence, defaultText: "the machine's" },
    {
      takes: 'a time zone such as Europe/Berlin',
      default: new Intl.DateTimeFormat().resolvedOptions().timeZone,
      parse: parseZone,
    },
  )
