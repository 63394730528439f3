import type { Actor } from '../core/entry.ts'

/** What the storage keeps for the console beside the journal: accounts with their sessions, and acts. */

/**
 * Statements on the tables `sign_in_…` and no others, each a transaction of its own, in the words of the database that
 * `dialect` names. What one has changed is durable once it resolves.
 */
export interface SignInDatabase {
  readonly dialect: 'sqlite' | 'postgres'
  readonly run: (sql: string, values: readonly SignInValue[]) => Promise<SignInAnswer>
}

export type SignInAnswer = {
  readonly rows: readonly SignInRow[]
  /** Rows that a write has changed. */
  readonly changedCount: number
}

export type SignInValue = null | number | bigint | string | Uint8Array
export type SignInRow = Readonly<Record<string, SignInValue>>

/** One act, for the audit log. It names people and things by their opaque ids, and has no secret in it. */
export type NewAct = {
  readonly actor: Actor
  /** A short word such as `backup_taken`. */
  readonly act: string
  /** Whom or what it concerns: an id, where there is one. */
  readonly target: string | null
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/** Acts are kept in the order in which they were recorded, and for ever. */
export type AdminAct = NewAct & { readonly id: number; readonly atMs: number }

export interface ActBook {
  readonly record: (act: NewAct) => Promise<void>
  /** Newest first. */
  readonly list: (query: ActQuery) => Promise<readonly AdminAct[]>
}

export type ActQuery = {
  readonly beforeId?: number
  readonly afterId?: number
  readonly actor?: Actor
  /** The word of the act. */
  readonly act?: string
  /** At most this many; the maximum is 1,000. */
  readonly rowsMax: number
}
