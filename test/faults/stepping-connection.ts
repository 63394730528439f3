import type { SqlConnection } from '../../src/storage/sqlite-file/sql-driver.ts'

/**
 * A connection that says when each statement is about to be carried out, so that a test can end everything there. The
 * statements of a migration come as one text, and can be torn apart between any two of them.
 */
export function steppingConnection(db: SqlConnection, beforeStatement: () => void): SqlConnection {
  return {
    get isTransaction() {
      return db.isTransaction
    },
    exec: (sql) => {
      // The end of a statement within a trigger is not the end of a statement.
      for (const part of sql.split(/;(?!\s*END;)/).filter((each) => each.trim() !== '')) {
        beforeStatement()
        db.exec(part)
      }
    },
    prepare: (sql) => {
      beforeStatement()
      return db.prepare(sql)
    },
    close: () => db.close(),
  }
}
