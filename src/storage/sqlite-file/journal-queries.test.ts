import assert from 'node:assert/strict'
import test from 'node:test'
import { customerId } from '../../core/ids.ts'
import { walkPositions } from './journal-queries.ts'
import type { JournalReader } from './journal-reader.ts'

/** 900 segments without an entry of the account, between 40 and 8 that are full of them. */
const isTheirs = (segment: number): boolean => segment < 40 || segment >= 940
const last = 948 * 1024 - 1

type Reader = Pick<JournalReader, 'positions'>

const reader: Reader = {
  positions: (_place, { first, last: end }, { after, before, rowsMax }) => {
    const found: number[] = []
    for (let segment = first; segment <= end; segment += 1) {
      if (!isTheirs(segment)) continue
      for (let position = segment * 1024; position < (segment + 1) * 1024; position += 1)
        if (position > after && position < before) found.push(position)
      if (found.length > rowsMax) return undefined
    }
    return found
  },
}

for (const isNewestFirst of [false, true]) {
  const from = isNewestFirst ? 'the newest' : 'the oldest'
  test(`however many entries lie behind an empty stretch, from ${from} on, few are found at once`, async () => {
    const pieces: (readonly number[])[] = []

    const walk = { after: 0, before: last + 1, isNewestFirst }
    const place = { kind: 'customer', customerId: customerId('acme') } as const
    for await (const piece of walkPositions(reader as JournalReader, place, walk))
      pieces.push(piece)

    assert.ok(
      pieces.every((piece) => piece.length <= 2048),
      `${Math.max(...pieces.map(({ length }) => length))} at once`,
    )
    const found = pieces.flat()
    const wanted = Array.from({ length: last }, (_none, index) => index + 1).filter((position) =>
      isTheirs(Math.floor(position / 1024)),
    )
    assert.deepEqual(found, isNewestFirst ? wanted.toReversed() : wanted)
  })
}
