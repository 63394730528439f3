/**
 * Every way in which the admin API says no, in one table: the HTTP status and what the caller can do.
 * Failures of operations and storage are found by their `code`, so a new one needs a row here and
 * nothing else; a code without a row is a bug of ours and reads as `internal_error`.
 */
type FailureRow = {
  readonly status: number
  readonly remedy: string
  /** Said where time helps. */
  readonly retryAfterSeconds?: number
}

const rows = {
  invalid_request: {
    status: 400,
    remedy: 'Correct the fields named in the message and send it again.',
  },
  invalid_json: { status: 400, remedy: 'Send one JSON object with each key once.' },
  invalid_id: { status: 400, remedy: 'Use an id as the lists print it.' },
  idempotency_key_missing: {
    status: 400,
    remedy:
      'Send an idempotency-key header: any new text per command, the same text when you repeat it.',
  },
  credential_missing: {
    status: 401,
    remedy:
      'Sign in at the console, or send "authorization: Bearer <token>": a member key (plim_…) or the operator token.',
  },
  credential_unknown: {
    status: 401,
    remedy:
      'Check that the whole key was copied; ask the operator for a new one if it was revoked.',
  },
  operator_token_unknown: {
    status: 401,
    remedy:
      'Use the operator token, which lies in the file operator-token of the data folder. If it is lost, stop the server and make a new one: npm run plimsoll -- operator-token new.',
  },
  session_over: { status: 401, remedy: 'Sign in again.' },
  sign_in_refused: {
    status: 401,
    remedy:
      'Check both. After ten failed tries further ones are refused for a while; the operator can make a link for a new password: npm run plimsoll -- people reset.',
  },
  too_many_tries: {
    status: 429,
    remedy:
      'Wait, or have the operator make a link for a new password: npm run plimsoll -- people reset. Sessions that are open go on.',
  },
  password_wrong: { status: 403, remedy: 'Check the present password, and send it again.' },
  password_refused: {
    status: 422,
    remedy: 'Choose another: a few unrelated words are long enough, and easy to keep in mind.',
  },
  set_up_code_wrong: {
    status: 403,
    remedy:
      'Open the link that the server printed at its start; a new start prints a new one. The operator token does as well.',
  },
  set_up_done: { status: 409, remedy: 'Sign in, or have an operator invite you.' },
  link_unknown: {
    status: 404,
    remedy: 'Ask whoever sent it for a new one. After it was used, sign in with the password.',
  },
  email_taken: {
    status: 409,
    remedy: 'Find the account in the list and make a new link there, or use another e-mail.',
  },
  unknown_person: { status: 404, remedy: 'List them: npm run plimsoll -- people list.' },
  person_disabled: { status: 409, remedy: 'Switch the account on first.' },
  last_operator: { status: 409, remedy: 'Make another operator first.' },
  accounts_only: {
    status: 403,
    remedy: 'Sign in at the console with e-mail and password; keys and tokens have no account.',
  },
  owner_not_allowed: {
    status: 403,
    remedy: 'Ask the operator: an owner manages the members, keys and limits of one customer.',
  },
  operator_only: {
    status: 403,
    remedy: 'Use the operator token, which lies in the file operator-token of the data folder.',
  },
  members_only: {
    status: 403,
    remedy: "Use a member's key (plim_…); the operator finds the same under /api/customers.",
  },
  host_not_allowed: {
    status: 421,
    remedy: 'Use the address that the server prints at its start.',
  },
  cross_site: {
    status: 403,
    remedy: "Call the API from its own page or from a program, not from another site's page.",
  },
  unknown_scope: {
    status: 404,
    remedy: 'List what exists: npm run plimsoll -- customer list (or member list).',
  },
  id_taken: { status: 409, remedy: 'Choose another id, or leave it out to get one.' },
  unknown_plan: { status: 404, remedy: 'List the plans: npm run plimsoll -- plans list.' },
  unknown_key: { status: 404, remedy: 'List the keys: npm run plimsoll -- key list.' },
  key_revoked: { status: 409, remedy: 'Make a new key instead.' },
  successor_revoked: {
    status: 409,
    remedy:
      'Keep this key until you have another: make one where you are signed in with an account, or ask the operator for one.',
  },
  key_makes_no_keys: {
    status: 403,
    remedy:
      'Sign in with an account, or ask the operator; a key can be exchanged for one other key.',
  },
  too_many_seats: {
    status: 409,
    remedy: 'Ask the operator to seat it, or to raise ownerSeatsMax in the settings.',
  },
  too_many_keys: { status: 409, remedy: 'Revoke keys that nobody uses any more.' },
  too_fast: { status: 429, remedy: 'Wait for the answers that are on the way.' },
  too_many_reads: {
    status: 429,
    remedy: 'Wait until a file or check that is running has ended.',
    retryAfterSeconds: 10,
  },
  too_many_reports: { status: 429, remedy: 'The operator has your earlier reports. Try tomorrow.' },
  member_paused: {
    status: 403,
    remedy:
      'Ask for it to be resumed: a paused member by an owner or the operator, a whole account by the operator.',
  },
  gateway_away: { status: 503, remedy: 'Try again in a moment.' },
  decision_unknown: {
    status: 404,
    remedy: 'The history shows the id of every request that was admitted.',
  },
  not_the_gateway: {
    status: 400,
    remedy:
      'Give the client the address that the start prints as "Gateway", without /v1 at its end.',
  },
  not_found: { status: 404, remedy: 'The addresses are listed in docs/admin-api.md.' },
  unknown_limit: { status: 404, remedy: 'See the limits: npm run plimsoll -- usage.' },
  nothing_to_credit: { status: 409, remedy: 'See what is used: npm run plimsoll -- usage.' },
  clock_not_correctable: {
    status: 409,
    remedy:
      "Set this machine's clock right first; npm run plimsoll -- clock says how the clocks stand.",
  },
  operation_conflict: {
    status: 409,
    remedy:
      'Use a new idempotency key for a new command; repeat the first one unchanged to see its answer.',
  },
  invalid_auto_reload: {
    status: 422,
    remedy:
      'Send a threshold, an amount of at least the threshold, and a maximum of at least that.',
  },
  invalid_amount: { status: 422, remedy: 'Send another amount.' },
  invalid_expiry: {
    status: 422,
    remedy: 'Send an expiry that lies ahead, or none: then it never expires.',
  },
  plans_file_invalid: {
    status: 422,
    remedy: 'Correct the plans file; docs/plans.md says what each field means.',
  },
  plan_change_invalid: {
    status: 422,
    remedy: 'Give the changed limit a new id in the plans file.',
  },
  backup_exists: {
    status: 409,
    remedy:
      'Choose another file; backup --force replaces an older backup, restore --replace a journal.',
  },
  backup_running: { status: 409, remedy: 'Ask again when that one is done.' },
  backup_place: {
    status: 422,
    remedy: 'Name a file in a folder that exists, outside the data folder.',
  },
  backup_damaged: {
    status: 500,
    remedy:
      'See what the journal itself says: npm run plimsoll -- verify. Keep your older backups.',
  },
  backup_failed: {
    status: 500,
    remedy: 'Nothing was changed. Make room or choose another disk, and take it again.',
  },
  body_too_large: { status: 413, remedy: 'Send less at once.' },
  media_type: { status: 415, remedy: 'Send the header "content-type: application/json".' },
  too_many_streams: { status: 429, remedy: 'Close some of the pages that show the same account.' },
  internal_error: { status: 500, remedy: 'Report it with the server log of that moment.' },
  stopping: { status: 503, remedy: 'Try again once the server has been started.' },
  limits_unavailable: {
    status: 503,
    remedy:
      'Nothing is known to be changed. Try again in a few seconds with the same idempotency key.',
    retryAfterSeconds: 5,
  },
} as const satisfies Record<string, FailureRow>

export type FailureCode = keyof typeof rows

/** What is wrong with one field of a request. */
export type Problem = { readonly path: string; readonly message: string }

/** The one shape in which the admin API says no. */
export type FailureAnswer = {
  readonly error: {
    readonly code: FailureCode
    readonly message: string
    readonly remedy: string
    readonly problems?: readonly Problem[]
  }
}

/** A failure that the admin API itself finds. */
export class AdminFailure extends Error {
  readonly code: FailureCode
  readonly problems: readonly Problem[] | undefined

  constructor(code: FailureCode, message: string, problems?: readonly Problem[]) {
    super(message)
    this.code = code
    this.problems = problems
  }
}

const isFailureCode = (code: unknown): code is FailureCode =>
  typeof code === 'string' && Object.hasOwn(rows, code)

/** The answer to any error; an error without a row tells the caller nothing of its inside. */
export function failureOf(error: unknown): {
  status: number
  answer: FailureAnswer
  retryAfterSeconds?: number | undefined
  isBug: boolean
} {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (!(error instanceof Error) || !isFailureCode(code)) {
    const message = 'Something went wrong inside the server; nothing is said about it here.'
    const { status, remedy } = rows.internal_error
    return { status, answer: { error: { code: 'internal_error', message, remedy } }, isBug: true }
  }
  const problems = error instanceof AdminFailure ? error.problems : undefined
  const known: FailureRow = rows[code]
  const isDamage = 'damagedPosition' in error && error.damagedPosition !== null
  const row: FailureRow = isDamage ? { status: known.status, remedy: damageRemedy } : known
  return {
    status: row.status,
    retryAfterSeconds: row.retryAfterSeconds,
    answer: {
      error: {
        code,
        message: asSentence(error.message === '' ? code.replaceAll('_', ' ') : error.message),
        remedy: row.remedy,
        ...(problems === undefined ? {} : { problems }),
      },
    },
    isBug: false,
  }
}

const damageRemedy =
  'Waiting does not help, and others are served. Run npm run plimsoll -- verify, keep a copy of the data folder, and restore your last backup (docs/backup.md).'

const asSentence = (message: string): string => (/[.!?]$/.test(message) ? message : `${message}.`)
