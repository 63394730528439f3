import type { NewAct, SignInAnswer } from '../console-storage.ts'
import type { SqlConnection, SqlValue } from '../sqlite-file/sql-driver.ts'

/** What the writing connection does for the tables of the console (`side-tables.ts`). */

export const nothingAnswered: SignInAnswer = { rows: [], changedCount: 0 }

const writing = /^(?:insert into|update|delete from) "sign_in_\w+"/i

export function runSignIn(
  db: SqlConnection,
  sql: string,
  values: readonly SqlValue[],
): SignInAnswer {
  if (!writing.test(sql)) {
    throw new Error('Accounts at the console are kept in tables of their own, and in no others')
  }
  const rows = db.prepare(sql).all(...values)
  const changed = db.prepare('SELECT changes() AS count').get()
  return { rows, changedCount: Number(changed?.['count'] ?? 0) }
}

export function insertAct(db: SqlConnection, act: NewAct, atMs: number): void {
  db.prepare(
    'INSERT INTO admin_act (at_ms, actor, act, target, details) VALUES (?, ?, ?, ?, ?)',
  ).run(atMs, act.actor, act.act, act.target, JSON.stringify(act.details))
}

/** Tables with personal data, and the column that says whose a row is. */
const accountTables = [
  ['sign_in_user', 'id'],
  ['sign_in_session', 'user_id'],
  ['sign_in_credential', 'user_id'],
  ['sign_in_link', 'value'],
] as const

/**
 * Within a transaction: writes each table anew without the rows of these people, for the reason that
 * `journal-writer.ts` has: a page may hold an old copy of a row, which deleting the row leaves there.
 */
export function eraseAccounts(db: SqlConnection, erased: ReadonlySet<string>): void {
  for (const [table, owner] of accountTables) {
    const rows = db.prepare(`SELECT * FROM ${table} ORDER BY id`).all()
    if (rows.length === 0) continue
    db.exec(`DELETE FROM ${table}`)
    for (const row of rows) {
      if (erased.has(String(row[owner]))) continue
      const columns = Object.keys(row)
      const places = columns.map(() => '?').join(', ')
      db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(
        ...Object.values(row),
      )
    }
  }
}
