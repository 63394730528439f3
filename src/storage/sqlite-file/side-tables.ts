import { personId } from '../../core/ids.ts'
import type { Storage } from '../storage.ts'
import type {
  ActBook,
  ActQuery,
  AdminAct,
  NewAct,
  SignInAnswer,
  SignInDatabase,
} from '../console-storage.ts'
import { entriesMax, type JournalReader } from './journal-reader.ts'
import type { SqlRow, SqlValue } from './sql-driver.ts'

/**
 * The tables of the console beside the journal: accounts, sessions and acts. They are read where everything is read,
 * and written by the one who writes the journal, between two commits: there is no second hand in the file.
 */
type Side = {
  readonly reader: Pick<JournalReader, 'beside'>
  readonly write: (
    side:
      | { readonly kind: 'sign_in'; readonly sql: string; readonly values: readonly SqlValue[] }
      | { readonly kind: 'record_act'; readonly act: NewAct; readonly atMs: number },
  ) => Promise<SignInAnswer>
  readonly nowMs: () => number
}

/** All else that the sign-in library says is a write, and looked at again where it is written. */
const reading = /^select [\s\S]* from "sign_in_\w+"/i

export const openSignInDatabase = ({ reader, write }: Side): SignInDatabase => ({
  dialect: 'sqlite',
  run: async (sql, values) => {
    if (reading.test(sql)) return { rows: reader.beside(sql, values), changedCount: 0 }
    return write({ kind: 'sign_in', sql, values })
  },
})

export const openActBook = ({ reader, write, nowMs }: Side): ActBook => ({
  record: async (act) => {
    await write({ kind: 'record_act', act, atMs: nowMs() })
  },
  list: async ({ beforeId, afterId, actor, act, rowsMax }: ActQuery) => {
    const rows = reader.beside(
      `SELECT id, at_ms, actor, act, target, details FROM admin_act
       WHERE id < ?1 AND id > ?2 AND (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR act = ?4)
       ORDER BY id DESC LIMIT ?5`,
      [
        beforeId ?? Number.MAX_SAFE_INTEGER,
        afterId ?? 0,
        actor ?? null,
        act ?? null,
        Math.min(rowsMax, entriesMax),
      ],
    )
    return rows.map(actOf)
  },
})

function actOf(row: SqlRow): AdminAct {
  const target = row['target']
  return {
    id: Number(row['id']),
    atMs: Number(row['at_ms']),
    actor: String(row['actor']),
    act: String(row['act']),
    target: typeof target === 'string' ? target : null,
    details: JSON.parse(String(row['details'])) as AdminAct['details'],
  }
}

export function findAccounts(
  reader: Side['reader'],
  { customerId, memberId }: Parameters<Storage['accountsOf']>[0],
): Awaited<ReturnType<Storage['accountsOf']>> {
  const rows = reader.beside(
    'SELECT id FROM sign_in_user WHERE customer_id = ?1 AND (?2 IS NULL OR member_id = ?2) ORDER BY id',
    [customerId, memberId ?? null],
  )
  return rows.map((row) => personId(String(row['id'])))
}
