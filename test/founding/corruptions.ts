import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seededDraw } from '../faults/seeded-draw.ts'

/** Every way in which the stored sums of one account can be wrong, and what has to come of each. */
export type Kind = {
  readonly what: string
  /** Found and healed; or there is nothing to find, because what is stored is true. */
  readonly expected: 'found' | 'true'
}

export type StoredRow = {
  readonly customer_id: string
  readonly member_id: string
  readonly position: number
  readonly at_ms: number
  readonly state: string
}

type Draw = (below: number) => number
type Input = {
  readonly row: StoredRow
  /** The same account's stored sums as they were earlier. */
  readonly earlier: StoredRow | undefined
  /** Those of some other account of the same sort. */
  readonly other: StoredRow
  readonly draw: Draw
}

/** The row that takes the place of this one; null for none, undefined where this kind does not apply. */
type Corrupt = (input: Input) => StoredRow | null | undefined

const withState = (row: StoredRow, state: string): StoredRow | undefined =>
  state === row.state ? undefined : { ...row, state }

const kinds: readonly (Kind & { readonly corrupt: Corrupt })[] = [
  {
    what: 'an amount is another one',
    expected: 'found',
    corrupt: ({ row, draw }) => {
      const found = [...row.state.matchAll(/"(\d+)"/g)]
      const chosen = found[draw(Math.max(1, found.length))]
      const digits = chosen?.[1]
      if (chosen === undefined || digits === undefined) return undefined
      const amount = ['0', `${BigInt(digits) + 1n}`, `${digits}0`, String(2n ** 60n)][draw(4)]
      const [before, after] = [row.state.slice(0, chosen.index), row.state.slice(chosen.index)]
      return withState(row, before + after.replace(`"${digits}"`, `"${amount}"`))
    },
  },
  {
    what: 'a switch or another word is turned',
    expected: 'found',
    corrupt: ({ row }) =>
      withState(
        row,
        row.state.replace(/true|false/, (word) => (word === 'true' ? 'false' : 'true')),
      ),
  },
  {
    what: 'a character is another one',
    expected: 'found',
    corrupt: ({ row, draw }) => {
      // The first few say which version wrote it: that is a kind of its own.
      const at = 16 + draw(row.state.length - 16)
      const letter = String.fromCharCode(33 + draw(90))
      return withState(row, row.state.slice(0, at) + letter + row.state.slice(at + 1))
    },
  },
  {
    what: 'the text is cut short',
    expected: 'found',
    corrupt: ({ row, draw }) =>
      withState(row, row.state.slice(0, 12 + draw(row.state.length - 12))),
  },
  {
    what: 'the text is no sums at all',
    expected: 'found',
    corrupt: ({ row, draw }) =>
      withState(row, ['', '{}', 'null', 'sums', '[[[[', '0'][draw(6)] ?? ''),
  },
  {
    what: 'it stands at another position',
    expected: 'found',
    corrupt: ({ row, draw }) => ({
      ...row,
      position: [row.position - 1, row.position + 1, 1, row.position + 10 ** 9][draw(4)] ?? 1,
    }),
  },
  {
    what: 'it is of another moment',
    expected: 'found',
    corrupt: ({ row, draw }) => ({ ...row, at_ms: row.at_ms + 1 - 2 * draw(2) * (1 + draw(9)) }),
  },
  { what: 'it is gone', expected: 'found', corrupt: () => null },
  {
    what: "it is another account's, with position and moment",
    expected: 'found',
    corrupt: ({ row, other }) => {
      const { position, at_ms, state } = other
      const isSame = position === row.position && state === row.state
      return isSame ? undefined : { ...row, position, at_ms, state }
    },
  },
  {
    what: 'it is an older one that pretends to be the newest',
    expected: 'found',
    corrupt: ({ row, earlier }) => earlier && withState(row, earlier.state),
  },
  {
    what: 'it is an older one, and says so',
    expected: 'true',
    corrupt: ({ row, earlier }) => (earlier?.position === row.position ? undefined : earlier),
  },
  {
    what: 'it says that another version wrote it',
    expected: 'found',
    corrupt: ({ row, draw }) =>
      withState(row, row.state.replace(/^\{"format":\d+/, `{"format":${draw(12)}`)),
  },
]

export const kindsOfCorruption: readonly Kind[] = kinds

/** Which account was corrupted in which way. */
export type Corrupted = ReadonlyMap<string, Kind>
export const ownerOf = (row: Pick<StoredRow, 'customer_id' | 'member_id'>): string =>
  row.member_id === '' ? `customer:${row.customer_id}` : `member:${row.member_id}`

const selectSql =
  'SELECT customer_id, member_id, position, at_ms, state FROM snapshot ORDER BY customer_id, member_id'
const readAll = (db: DatabaseSync, sql: string): readonly StoredRow[] =>
  db.prepare(sql).all() as unknown as readonly StoredRow[]

/** Keeps a copy of all stored sums outside the data folder: what is older later. */
export function keepStored(folder: string, copy: string): void {
  const db = new DatabaseSync(join(folder, 'journal.db'))
  try {
    db.exec(`ATTACH '${copy}' AS kept; CREATE TABLE kept.snapshot AS SELECT * FROM snapshot`)
  } finally {
    db.close()
  }
}

/** Corrupts every stored derivation of a stopped journal, each in one way, behind the back of everything. */
export function corruptAll(
  folder: string,
  { copy, seed }: { readonly copy: string; readonly seed: number },
): Corrupted {
  const draw = seededDraw(seed)
  const corrupted = new Map<string, Kind>()
  const kept = new DatabaseSync(copy, { readOnly: true })
  const earlier = new Map(readAll(kept, selectSql).map((row) => [ownerOf(row), row]))
  kept.close()
  const db = new DatabaseSync(join(folder, 'journal.db'))
  try {
    const rows = readAll(db, selectSql)
    const sorts = Map.groupBy(rows, ({ member_id }) => member_id === '')
    const remove = db.prepare('DELETE FROM snapshot WHERE customer_id = ? AND member_id = ?')
    const insert = db.prepare('INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)')
    db.exec('BEGIN')
    for (const row of rows) {
      const same = sorts.get(row.member_id === '') ?? rows
      const other = same[draw(same.length)] ?? row
      const input = { row, earlier: earlier.get(ownerOf(row)), other, draw }
      const { kind, made } = corruptOne(input)
      remove.run(row.customer_id, row.member_id)
      if (made !== null) {
        insert.run(row.customer_id, row.member_id, made.position, made.at_ms, made.state)
      }
      corrupted.set(ownerOf(row), kind)
    }
    db.exec('COMMIT')
  } finally {
    db.close()
  }
  return corrupted
}

function corruptOne(input: Input): { kind: Kind; made: StoredRow | null } {
  for (;;) {
    const kind = kinds[input.draw(kinds.length)]
    const made = kind?.corrupt(input)
    if (kind !== undefined && made !== undefined) return { kind, made }
  }
}

/** Changes the seals of some accounts in the journal itself: past its triggers, as only a hand on the file can. */
export function corruptSeals(
  folder: string,
  { count, seed }: { readonly count: number; readonly seed: number },
): readonly { readonly position: number; readonly customerId: string }[] {
  const draw = seededDraw(seed)
  const db = new DatabaseSync(join(folder, 'journal.db'))
  try {
    const rows = readAll(db, selectSql)
    const trigger = db
      .prepare("SELECT sql FROM sqlite_schema WHERE name = 'journal_no_update'")
      .get()
    db.exec('DROP TRIGGER journal_no_update')
    const chosen = Array.from({ length: count }, () => rows[draw(rows.length)])
    const done = new Map<number, string>()
    for (const row of chosen) {
      if (row === undefined || done.has(row.position)) continue
      const column = row.member_id === '' ? 'customer_seal' : 'member_seal'
      db.prepare(`UPDATE journal SET ${column} = 'f' || ${column} WHERE position = ?`).run(
        row.position,
      )
      done.set(row.position, row.customer_id)
    }
    db.exec(String(trigger?.['sql']))
    return [...done].map(([position, customerId]) => ({ position, customerId }))
  } finally {
    db.close()
  }
}
