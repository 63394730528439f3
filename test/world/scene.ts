import type { Line } from './half.ts'

/** One thing that a scene must show, what it should be and what was seen. */
export type Check = {
  readonly what: string
  readonly expected: string
  readonly seen: string
  readonly isMet: boolean
}

/** One scene after it was played in both halves. */
export type PlayedScene = {
  readonly id: string
  readonly title: string
  readonly caption: string
  readonly twoBooks: readonly Line[]
  readonly oneBook: readonly Line[]
  readonly checks: readonly Check[]
}

export function check(what: string, expected: string | number, seen: string | number): Check {
  return {
    what,
    expected: String(expected),
    seen: String(seen),
    isMet: String(expected) === String(seen),
  }
}

export const isAsExpected = (scenes: readonly PlayedScene[]): boolean =>
  scenes.every((scene) => scene.checks.every(({ isMet }) => isMet))

export const disclaimer =
  'The two-books half is a plausible model of what users reported; the vendor has published no cause. ' +
  'The one-book half is the real Plimsoll: its gateway, its operations, its SQLite journal.'
