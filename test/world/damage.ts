import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seat } from './seat.ts'

/**
 * What goes wrong with stored sums in the story: a write that is lost, and content that is overwritten.
 * It works on the files of a Plimsoll that is stopped, past everything that would protect them.
 */
export type StoredSums = {
  readonly customerId: string
  /** Empty for the customer's shared sums. */
  readonly memberId: string
  readonly position: number
  readonly atMs: number
  readonly state: string
}

function withJournal<Answer>(dataFolder: string, act: (db: DatabaseSync) => Answer): Answer {
  const db = new DatabaseSync(join(dataFolder, 'journal.db'))
  try {
    return act(db)
  } finally {
    db.close()
  }
}

const selectSql = `SELECT customer_id AS customerId, member_id AS memberId, position, at_ms AS atMs, state
  FROM snapshot ORDER BY customer_id, member_id`

export function readStoredSums(dataFolder: string): readonly StoredSums[] {
  return withJournal(dataFolder, (db) =>
    db
      .prepare(selectSql)
      .all()
      .map((row) => ({ ...row }) as StoredSums),
  )
}

/** Puts these rows where the stored sums stand, as if nothing had been written since. */
export function overwriteStoredSums(dataFolder: string, rows: readonly StoredSums[]): void {
  withJournal(dataFolder, (db) => {
    db.exec('DELETE FROM snapshot')
    const insert = db.prepare(
      'INSERT INTO snapshot (customer_id, member_id, position, at_ms, state) VALUES (?, ?, ?, ?, ?)',
    )
    for (const row of rows) {
      insert.run(row.customerId, row.memberId, row.position, row.atMs, row.state)
    }
  })
}

type Pairs = readonly (readonly [string, Record<string, unknown>])[]

const changed = (pairs: Pairs, columns: (name: string) => Record<string, unknown>): Pairs =>
  pairs.map(([name, value]) => [name, { ...value, ...columns(name) }] as const)

export type DamageStoredSums = (rows: readonly StoredSums[], nowMs: number) => readonly StoredSums[]

/** Sums that say: no balance, and a session that is full and ends in many hours. */
export const falsifySums: DamageStoredSums = (rows, nowMs) => {
  const fullSession = { endMs: nowMs + 12 * 3_600_000, used: String(seat.sessionNanos) }
  return rows.map((row) => {
    const state = JSON.parse(row.state) as { grants?: Pairs; windows?: Pairs }
    const falsified = {
      ...state,
      ...(state.grants && { grants: changed(state.grants, () => ({ availableNanos: '0' })) }),
      ...(state.windows && {
        windows: changed(state.windows, (name) => (name === 'session' ? fullSession : {})),
      }),
    }
    return { ...row, state: JSON.stringify(falsified) }
  })
}
