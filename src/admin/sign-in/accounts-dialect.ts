import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
} from 'kysely'
import type { Parts } from '../../operations/parts.ts'

type SignInDatabase = ReturnType<Parts['storage']['signInDatabase']>
type Value = Parameters<SignInDatabase['run']>[1][number]

/**
 * What the sign-in library says to its database, said to the storage's. Each statement stands for itself: the storage
 * has one hand that writes, and nobody may hold it over several.
 */
export function accountsDialect(database: SignInDatabase): Dialect {
  const connection: DatabaseConnection = {
    executeQuery: async <Row>(query: CompiledQuery): Promise<QueryResult<Row>> => {
      const { rows, changedCount } = await database.run(query.sql, query.parameters.map(valueOf))
      return { rows: rows as unknown as Row[], numAffectedRows: BigInt(changedCount) }
    },
    streamQuery: () => {
      throw new Error('Accounts are read whole')
    },
  }
  const noTransaction = (): Promise<never> =>
    Promise.reject(new Error('Statements on accounts stand for themselves'))
  return {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createDriver: () => ({
      init: () => Promise.resolve(),
      acquireConnection: () => Promise.resolve(connection),
      beginTransaction: noTransaction,
      commitTransaction: noTransaction,
      rollbackTransaction: noTransaction,
      releaseConnection: () => Promise.resolve(),
      destroy: () => Promise.resolve(),
    }),
  }
}

function valueOf(value: unknown): Value {
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return value
  }
  throw new Error(`A ${typeof value} cannot be kept with an account`)
}
