import { betterAuth } from 'better-auth'
import { Kysely } from 'kysely'
import type { Parts } from '../../operations/parts.ts'
import { freshId } from '../../system/random.ts'
import type { Logger } from '../../system/logger.ts'
import { accountsDialect } from './accounts-dialect.ts'
import { passwordLengthMax, passwordLengthMin } from './password-rules.ts'

export type LibraryOptions = Pick<Parts, 'storage' | 'random'> & {
  readonly logger: Logger
  /** Signs the cookies of this installation. */
  readonly secret: string
  readonly cookiePrefix: string
  readonly sessionIdleMs: number
}

/** How much of its idle time a session may have used before a request makes it whole again: not every one writes. */
const refreshShare = 1 / 24

/** The library would read a hundred, and say nothing of the rest. */
const listedMax = 1_000_000

const prefixes: Readonly<Record<string, string>> = {
  user: 'person',
  session: 'session',
  account: 'credential',
  verification: 'link',
}

const times = { createdAt: 'created_at', updatedAt: 'updated_at' } as const

const user = {
  modelName: 'sign_in_user',
  fields: { emailVerified: 'email_verified', ...times },
  additionalFields: {
    role: { type: 'string', required: true, input: false },
    customerId: { type: 'string', required: false, input: false, fieldName: 'customer_id' },
    memberId: { type: 'string', required: false, input: false, fieldName: 'member_id' },
    isActive: { type: 'boolean', required: true, input: false, fieldName: 'is_active' },
  },
} as const

const account = {
  modelName: 'sign_in_credential',
  fields: {
    accountId: 'account_id',
    providerId: 'provider_id',
    userId: 'user_id',
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    idToken: 'id_token',
    accessTokenExpiresAt: 'access_token_expires_at',
    refreshTokenExpiresAt: 'refresh_token_expires_at',
    ...times,
  },
} as const

const verification = {
  modelName: 'sign_in_link',
  fields: { expiresAt: 'expires_at', ...times },
} as const

/**
 * better-auth, told of our tables: it keeps accounts, hashes of passwords and sessions. None of its own addresses is
 * served; our routes call it, and say what is said to people.
 */
export function openAccountsLibrary(options: LibraryOptions) {
  const { storage, random, logger, secret, cookiePrefix, sessionIdleMs } = options
  const database = storage.signInDatabase()
  const expiresIn = Math.max(1, Math.round(sessionIdleMs / 1000))
  return betterAuth({
    appName: 'Plimsoll',
    baseURL: 'http://localhost',
    // Given as a list, so that nothing in the environment stands in for it.
    secrets: [{ version: 1, value: secret }],
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      disableColors: true,
      log: (_level, message) => logger.error('the sign-in library reports a fault', { message }),
    },
    database: {
      db: new Kysely({ dialect: accountsDialect(database) }),
      type: database.dialect,
      transaction: false,
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLengthMin,
      maxPasswordLength: passwordLengthMax,
    },
    user,
    session: {
      modelName: 'sign_in_session',
      fields: {
        userId: 'user_id',
        userAgent: 'user_agent',
        ipAddress: 'ip_address',
        expiresAt: 'expires_at',
        ...times,
      },
      expiresIn,
      updateAge: Math.floor(expiresIn * refreshShare),
      cookieCache: { enabled: false },
    },
    account,
    verification,
    advanced: {
      cookiePrefix,
      // Whether a cookie is for https only depends on how the page was reached; our routes say it.
      useSecureCookies: false,
      ipAddress: { disableIpTracking: true },
      database: {
        validateSchema: false,
        // What is read to be ended is read whole.
        defaultFindManyLimit: listedMax,
        generateId: ({ model }) => freshId(random, prefixes[model] ?? 'row'),
      },
    },
  })
}

export type AccountsLibrary = ReturnType<typeof openAccountsLibrary>
