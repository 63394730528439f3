import {
  nodeSqlite,
  type SqlConnection,
  type SqlDriver,
  type SqlStatement,
} from '../../src/storage/sqlite-file/sql-driver.ts'

/** What a statement does for the journal: where a fault can strike. The first that fits names it. */
const shapes = [
  ['begin', /^BEGIN/],
  ['commit', /^COMMIT/],
  ['rollback', /^ROLLBACK/],
  ['checkpoint', /wal_checkpoint/],
  ['migration', /^(CREATE|--)|PRAGMA (application_id|user_version) =/],
  ['pragma', /^PRAGMA/],
  ['insert entry', /^INSERT INTO journal/],
  ['insert snapshot', /^INSERT INTO snapshot/],
  ['write beside', /^(INSERT|DELETE|UPDATE)/],
  ['read chain', /SELECT 1 FROM journal WHERE position >> 10 = number|SELECT hash FROM journal/],
  ['read last position', /^SELECT max\(position\)/],
  ['read key', /key_issued|key_revoked/],
  ['read snapshot', /FROM snapshot/],
  ['read positions', /CROSS JOIN journal ON position >> 10/],
  ['read rows', /json_each/],
  ['read operation', /operation_id = \?/],
  ['read', /./],
] as const satisfies readonly (readonly [string, RegExp])[]

export type Place = 'open' | 'close' | (typeof shapes)[number][0]
export const places: readonly Place[] = ['open', 'close', ...shapes.map(([place]) => place)]

export type Step = {
  readonly place: Place
  readonly when: 'before' | 'after'
  /** The real connection, for hands that do to it what a broken disk would. */
  readonly db: SqlConnection | undefined
}

/**
 * The real driver with somebody who watches: told before and after each call, and free to throw, to end the
 * process, or to let time pass. A throw before the call keeps it from happening; one after it hides that it has.
 */
export function watchedDriver(onStep: (step: Step) => void): SqlDriver {
  return {
    open: (path, options) => {
      onStep({ place: 'open', when: 'before', db: undefined })
      const db = nodeSqlite.open(path, options)
      const watch = <Answer>(place: Place, act: () => Answer): Answer => {
        onStep({ place, when: 'before', db })
        const answer = act()
        onStep({ place, when: 'after', db })
        return answer
      }
      return {
        get isTransaction() {
          return db.isTransaction
        },
        exec: (sql) => watch(placeOf(sql), () => db.exec(sql)),
        prepare: (sql) => watchedStatement(db.prepare(sql), placeOf(sql), watch),
        close: () => watch('close', () => db.close()),
      }
    },
  }
}

type Watch = <Answer>(place: Place, act: () => Answer) => Answer

const watchedStatement = (statement: SqlStatement, place: Place, watch: Watch): SqlStatement => ({
  run: (...values) => watch(place, () => statement.run(...values)),
  get: (...values) => watch(place, () => statement.get(...values)),
  all: (...values) => watch(place, () => statement.all(...values)),
})

const placeOf = (sql: string): Place =>
  shapes.find(([, shape]) => shape.test(sql.trimStart()))?.[0] ?? 'read'
