import type { PersonId } from '../../core/ids.ts'
import type { Parts } from '../../operations/parts.ts'
import { AdminFailure } from '../failures.ts'
import { checkPassword, type Accounts } from './accounts.ts'
import { FailedTries, type Try } from './failed-tries.ts'
import { personOf, type ConsolePerson, type UserRow } from './person.ts'
import { Turns } from './turns.ts'

/** Who is signed in, and how they came and go. A session is a row of the database and a signed cookie. */
export type SignedIn = {
  readonly person: ConsolePerson
  readonly sessionId: string
}

/** `name=value`, without what a browser is told about it. */
export type NewSession = SignedIn & { readonly cookie: string }

/** A session ends after so long, however much it is used. */
export const sessionMaxMs = 30 * 24 * 3_600_000

/** Of what a browser says of itself: it is kept with the session. */
const userAgentMax = 300

/** Passwords that are looked at in one moment: each costs a processor a tenth of a second. */
const passwordsAtOnce = 2
const passwordsWaitingMax = 100

export class Sessions {
  readonly #accounts: Accounts
  readonly #clock: Parts['clock']
  readonly #tries: FailedTries
  readonly #passwords = new Turns(passwordsAtOnce, passwordsWaitingMax)

  constructor(accounts: Accounts, clock: Parts['clock']) {
    this.#accounts = accounts
    this.#clock = clock
    this.#tries = new FailedTries(clock)
  }

  get cookieName(): string {
    return `${this.#accounts.cookiePrefix}.session_token`
  }

  /** Whose session a `cookie` header is of. `isUse` makes its idle time begin anew. */
  async find(
    cookies: string | undefined,
    { isUse }: { readonly isUse: boolean },
  ): Promise<SignedIn | undefined> {
    if (cookies?.includes(`${this.cookieName}=`) !== true) return undefined
    const { api, $context } = await this.#accounts.library()
    const headers = new Headers({ cookie: cookies })
    const look = (disableRefresh: boolean) =>
      api.getSession({ headers, query: { disableRefresh } }).catch((error: unknown) => {
        // The library calls whatever goes wrong below it a fault of its own.
        throw error instanceof Error && error.cause instanceof Error ? error.cause : error
      })
    // A disk that takes no writes keeps nobody from reading.
    const found = await (isUse ? look(false).catch(() => look(true)) : look(true))
    if (found === null) return undefined
    const person = personOf(found.user as unknown as UserRow)
    const isOld = found.session.createdAt.getTime() + sessionMaxMs <= this.#clock.wallMs()
    if (person.isActive && !isOld) return { person, sessionId: found.session.id }
    await (await $context).internalAdapter.deleteSession(found.session.token)
    return undefined
  }

  /**
   * The same answer for a wrong password, an account that is not there and one that is switched off, after the same
   * work.
   */
  async open(
    tried: Try & { readonly password: string },
    userAgent: string | undefined,
  ): Promise<NewSession> {
    const wait = this.#tries.begin(tried)
    if (wait !== undefined) throw tooManyTries(wait.waitMs)
    const opened = await this.#lookAt(tried, () => this.#verify(tried, userAgent))
    if (opened === undefined) {
      throw new AdminFailure('sign_in_refused', 'The e-mail or the password is not right.')
    }
    this.#tries.succeed(tried)
    return opened
  }

  /** What was not looked at, because of a full line or a disk that takes no writes, is no failed try. */
  #lookAt<Answer>(tried: Try, work: () => Promise<Answer>): Promise<Answer> {
    return this.#passwords.run(work).catch((error: unknown) => {
      this.#tries.takeBack(tried)
      throw error
    })
  }

  /** A password that is replaced while it is looked at opens nothing, however late its session would come to be. */
  async #verify(
    given: { readonly email: string; readonly password: string },
    userAgent: string | undefined,
  ): Promise<NewSession | undefined> {
    const before = this.#accounts.passwordsSet
    const opened = await this.#verifyNow(given, userAgent)
    if (opened === undefined) return undefined
    if (this.#accounts.passwordsSet === before) {
      await this.#accounts.forgetOldSessions(opened.person.id, opened.sessionId)
      return opened
    }
    await this.end(opened.person.id, (sessionId) => sessionId === opened.sessionId)
    return this.#verify(given, userAgent)
  }

  async #verifyNow(
    { email, password }: { readonly email: string; readonly password: string },
    userAgent: string | undefined,
  ): Promise<NewSession | undefined> {
    const { api } = await this.#accounts.library()
    const answer = await api
      .signInEmail({
        body: { email, password },
        headers: new Headers(
          userAgent === undefined ? {} : { 'user-agent': userAgent.slice(0, userAgentMax) },
        ),
        returnHeaders: true,
      })
      .catch((error: unknown) => {
        if (isRefusal(error)) return undefined
        throw error
      })
    return answer === undefined ? undefined : this.#opened(answer.headers)
  }

  /** Whoever used a link is in: it proved more than a password does. */
  async openFor(
    person: ConsolePerson,
    password: string,
    userAgent: string | undefined,
  ): Promise<NewSession> {
    this.#tries.forget(person.email)
    const opened = await this.#passwords.run(() =>
      this.#verify({ email: person.email, password }, userAgent),
    )
    if (opened === undefined) throw new Error('A password that was just set does not open')
    return opened
  }

  async #opened(headers: Headers): Promise<NewSession | undefined> {
    const cookie = this.#cookieIn(headers)
    const found = await this.find(cookie, { isUse: false })
    return found === undefined ? undefined : { ...found, cookie }
  }

  #cookieIn(headers: Headers): string {
    const set = headers.getSetCookie().find((each) => each.startsWith(`${this.cookieName}=`))
    const cookie = set?.split(';')[0]
    if (cookie === undefined) throw new Error('The sign-in library set no cookie')
    return cookie
  }

  /** Needs the password of before; every other session of this person ends, and this one gets a new cookie. */
  async changePassword(
    cookies: string,
    change: { readonly person: ConsolePerson; readonly current: string; readonly next: string },
    userAgent: string | undefined,
  ): Promise<NewSession> {
    const { person, current, next } = change
    checkPassword(next, person.email)
    const tried = { email: `change ${person.id}`, address: `change ${person.id}` }
    const wait = this.#tries.begin(tried)
    if (wait !== undefined) throw tooManyTries(wait.waitMs)
    const opened = await this.#lookAt(tried, async () => {
      if (!(await this.#replace(cookies, { current, next }))) return undefined
      await this.#accounts.endAfterNewPassword(person.id)
      return this.#verify({ email: person.email, password: next }, userAgent)
    })
    if (opened === undefined) {
      throw new AdminFailure('password_wrong', 'The present password is not right.')
    }
    this.#tries.succeed(tried)
    return opened
  }

  /** Whether the present password was right, and is the one of before now. */
  async #replace(
    cookies: string,
    { current, next }: { readonly current: string; readonly next: string },
  ): Promise<boolean> {
    const { api } = await this.#accounts.library()
    const answer = await api
      .changePassword({
        body: { currentPassword: current, newPassword: next, revokeOtherSessions: false },
        headers: new Headers({ cookie: cookies }),
      })
      .catch((error: unknown) => {
        if (isRefusal(error)) return undefined
        throw error
      })
    return answer !== undefined
  }

  async list(id: PersonId) {
    const { internalAdapter } = await (await this.#accounts.library()).$context
    const rows = await internalAdapter.listSessions(id, { onlyActiveSessions: true })
    return rows
      .map((row) => ({
        id: row.id,
        token: row.token,
        userAgent: row.userAgent ?? null,
        createdAtMs: row.createdAt.getTime(),
        lastSeenAtMs: row.updatedAt.getTime(),
      }))
      .toSorted((left, right) => right.lastSeenAtMs - left.lastSeenAtMs)
  }

  /** Ends those that `isMeant` names; answers with how many there were. */
  async end(id: PersonId, isMeant: (sessionId: string) => boolean): Promise<number> {
    const { internalAdapter } = await (await this.#accounts.library()).$context
    const meant = (await this.list(id)).filter((session) => isMeant(session.id))
    for (const { token } of meant) await internalAdapter.deleteSession(token)
    return meant.length
  }
}

/** A "no" of the library, and not a fault within it. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode < 500

function tooManyTries(waitMs: number): AdminFailure {
  const minutes = Math.max(1, Math.ceil(waitMs / 60_000))
  return new AdminFailure(
    'too_many_tries',
    `There were too many failed tries. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
  )
}
