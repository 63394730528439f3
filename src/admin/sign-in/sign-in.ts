import { timingSafeEqual } from 'node:crypto'
import { Accounts, sha256, type AccountsOptions } from './accounts.ts'
import { NoteBound } from './note-bound.ts'
import { Sessions } from './sessions.ts'

/** Everything about signing in at the console. */
export type SignIn = {
  readonly accounts: Accounts
  readonly sessions: Sessions
  /** Where people reach the console, where the operator said so. */
  readonly publicUrl: URL | null
  /** What shows that the server is one's own while it has no operator: it stands in the link that a start prints. */
  readonly setUpCode: string
  readonly isSetUpCode: (code: string) => boolean
  /** How many failed tries are noted for the audit log. */
  readonly failedNotes: NoteBound
}

const failedNotesPerHour = 500

export function openSignIn(
  options: AccountsOptions & { readonly publicPageUrl: string | null },
): SignIn {
  const accounts = new Accounts(options)
  const setUpCode = options.random.bytes(20).toString('base64url')
  return {
    accounts,
    sessions: new Sessions(accounts, options.clock),
    publicUrl: options.publicPageUrl === null ? null : new URL(options.publicPageUrl),
    setUpCode,
    failedNotes: new NoteBound(options.clock, failedNotesPerHour),
    isSetUpCode: (code) =>
      timingSafeEqual(Buffer.from(sha256(code)), Buffer.from(sha256(setUpCode))),
  }
}
