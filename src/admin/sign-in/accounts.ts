import { createHash } from 'node:crypto'
import type { PersonId } from '../../core/ids.ts'
import type { Parts } from '../../operations/parts.ts'
import type { Logger } from '../../system/logger.ts'
import { AdminFailure } from '../failures.ts'
import type { AccountsLibrary, LibraryOptions } from './accounts-library.ts'
import { personOf, type ConsolePerson, type Standing, type UserRow } from './person.ts'
import { passwordProblem } from './password-rules.ts'
import { Turns } from './turns.ts'

/**
 * Accounts at the console: who they are, their passwords, and one-time links to set one. Changes run one after
 * another, so that what each has looked at is still true when it writes.
 */
export type AccountsOptions = Pick<Parts, 'storage' | 'clock' | 'random'> & {
  readonly logger: Logger
  readonly secret: string
  readonly sessionIdleMs: number
}

/** How long a link to set a password can be used. */
export const linkMaxMs = 7 * 24 * 3_600_000
const peopleMax = 10_000

/** Whom a change is about, and what refuses it where that one may not be changed by who asks. */
export type Meant = {
  readonly id: PersonId
  readonly mayChange: (person: ConsolePerson) => void
}

export type NewPerson = Standing & { readonly email: string; readonly name: string }

export class Accounts {
  readonly #options: AccountsOptions
  readonly #changes = new Turns(1, 1000)
  #library: Promise<AccountsLibrary> | undefined
  #passwordsSet = 0
  readonly cookiePrefix: string

  constructor(options: AccountsOptions) {
    this.#options = options
    // Cookies know no ports: two servers on one machine must not sign each other's people out.
    this.cookiePrefix = `plimsoll-${sha256(options.secret).slice(0, 8)}`
  }

  /** Loaded when it is first needed: it is large, and most commands of the command line never do. */
  library(): Promise<AccountsLibrary> {
    this.#library ??= this.#load().catch((error: unknown) => {
      this.#library = undefined
      throw error
    })
    return this.#library
  }

  async #load(): Promise<AccountsLibrary> {
    const { openAccountsLibrary } = await import('./accounts-library.ts')
    const options: LibraryOptions = { ...this.#options, cookiePrefix: this.cookiePrefix }
    return openAccountsLibrary(options)
  }

  async #inside() {
    return (await (await this.library()).$context).internalAdapter
  }

  async list(): Promise<readonly ConsolePerson[]> {
    const inside = await this.#inside()
    const rows = await inside.listUsers(peopleMax, 0, { field: 'createdAt', direction: 'asc' })
    return rows.map((row) => personOf(row as unknown as UserRow))
  }

  async find(id: PersonId): Promise<ConsolePerson | undefined> {
    const row = await (await this.#inside()).findUserById(id)
    return row === null ? undefined : personOf(row as unknown as UserRow)
  }

  async findByEmail(email: string): Promise<ConsolePerson | undefined> {
    const found = await (await this.#inside()).findUserByEmail(email)
    return found === null ? undefined : personOf(found.user as unknown as UserRow)
  }

  async get(id: PersonId): Promise<ConsolePerson> {
    const person = await this.find(id)
    if (person === undefined) {
      throw new AdminFailure('unknown_person', 'Nobody with this id has an account.')
    }
    return person
  }

  /** Whether somebody manages this installation by signing in, or was invited to. */
  async hasOperator(): Promise<boolean> {
    // A set-up that was cut short leaves a row with neither password nor link: nobody can come in by that.
    const { rows } = await this.#options.storage.signInDatabase().run(
      `select id from "sign_in_user" where role = 'operator' and is_active = 1 and
       (exists (select 1 from "sign_in_credential" where user_id = "sign_in_user".id) or
       exists (select 1 from "sign_in_link" where value = "sign_in_user".id)) limit 1`,
      [],
    )
    return rows.length > 0
  }

  /** The first operator, made by whoever showed that the server is theirs. */
  setUp(person: { readonly email: string; readonly name: string; readonly password: string }) {
    return this.#changes.run(async () => {
      if (await this.hasOperator()) {
        throw new AdminFailure('set_up_done', 'This installation has its operator already.')
      }
      checkPassword(person.password, person.email)
      const standing = { role: 'operator', customerId: null, memberId: null } as const
      const begun = await this.findByEmail(person.email)
      const isHalfMade = begun?.role === 'operator' && begun.isActive
      const made = isHalfMade
        ? begun
        : await this.#create({ ...standing, email: person.email, name: person.name })
      await this.#setPassword(made.id, person.password)
      return made
    })
  }

  /**
   * A new account, or that of the same invitation while nobody has set its password: its link may have been lost with
   * the answer, and whoever invites in the same words may have a new one.
   */
  invite(person: NewPerson): Promise<{ readonly person: ConsolePerson; readonly isNew: boolean }> {
    return this.#changes.run(async () => {
      const known = await this.findByEmail(person.email)
      const isOpen =
        known?.isActive === true &&
        isSameInvitation(known, person) &&
        !(await (await this.#inside()).findCredentialAccount(known.id))
      if (isOpen) return { person: known, isNew: false }
      return { person: await this.#create(person), isNew: true }
    })
  }

  async #create({ email, name, ...standing }: NewPerson): Promise<ConsolePerson> {
    if ((await this.findByEmail(email)) !== undefined) {
      throw new AdminFailure('email_taken', 'Somebody with this e-mail has an account already.')
    }
    const fields = { email, name, emailVerified: true, isActive: true, ...standing }
    const row = await (await this.#inside()).createUser(fields, { method: 'admin' })
    return personOf(row as unknown as UserRow)
  }

  /** Gives a person another standing; who was signed in with the one before is signed out. */
  change({ id, mayChange }: Meant, standing: Standing): Promise<ConsolePerson> {
    return this.#update({ id, mayChange }, standing, standing.role !== 'operator')
  }

  setActive(meant: Meant, isActive: boolean): Promise<ConsolePerson> {
    return this.#update(meant, { isActive }, !isActive)
  }

  #update(
    meant: Meant,
    fields: Partial<Standing & { readonly isActive: boolean }>,
    mayBeLast: boolean,
  ): Promise<ConsolePerson> {
    return this.#changes.run(async () => {
      const { id } = await this.#meant(meant)
      if (mayBeLast) await this.#keepAnOperator(id)
      const inside = await this.#inside()
      await this.#endLinks(id)
      await inside.updateUser(id, fields)
      await inside.deleteUserSessions(id)
      return this.get(id)
    })
  }

  /** Looked at in the same turn as the change: who may change a member may not change what that one was made since. */
  async #meant({ id, mayChange }: Meant): Promise<ConsolePerson> {
    const person = await this.get(id)
    mayChange(person)
    return person
  }

  /** Whoever has one could otherwise take over what its person becomes. */
  async #endLinks(id: PersonId): Promise<void> {
    const database = this.#options.storage.signInDatabase()
    await database.run('delete from "sign_in_link" where value = ?', [id])
  }

  /** Ends everything of theirs; their rows are gone from every file once the storage says so. */
  remove(meant: Meant): ReturnType<Parts['storage']['erasePersons']> {
    return this.#changes.run(async () => {
      const { id } = await this.#meant(meant)
      await this.#keepAnOperator(id)
      return this.#options.storage.erasePersons([id])
    })
  }

  async #keepAnOperator(id: PersonId): Promise<void> {
    // Who was invited and has no password yet cannot sign in: the link may never be used.
    const { rows } = await this.#options.storage.signInDatabase().run(
      `select id from "sign_in_user" where role = 'operator' and is_active = 1 and exists
       (select 1 from "sign_in_credential" where user_id = "sign_in_user".id) limit 2`,
      [],
    )
    if (rows.length !== 1 || rows[0]?.['id'] !== id) return
    throw new AdminFailure('last_operator', 'This is the only operator who can sign in.')
  }

  /** A new one-time link; those of before are worth nothing any more. */
  makeLink(meant: Meant): Promise<{ readonly code: string; readonly expiresAtMs: number }> {
    return this.#changes.run(async () => {
      const person = await this.#meant(meant)
      const { id } = person
      if (!person.isActive) {
        throw new AdminFailure('person_disabled', 'This account is switched off.')
      }
      const { random, clock } = this.#options
      await this.#endLinks(id)
      const code = random.bytes(24).toString('base64url')
      const expiresAtMs = clock.wallMs() + linkMaxMs
      const inside = await this.#inside()
      await inside.createVerificationValue({
        identifier: sha256(code),
        value: id,
        expiresAt: new Date(expiresAtMs),
      })
      return { code, expiresAtMs }
    })
  }

  /** Whose link this is, while it can be used. */
  async linkOwner(code: string): Promise<ConsolePerson> {
    const link = await (await this.#inside()).findVerificationValue(sha256(code))
    const isOver = link === null || link.expiresAt.getTime() <= this.#options.clock.wallMs()
    const person = isOver ? undefined : await this.find(link.value as PersonId)
    if (person?.isActive !== true) throw linkUnknown()
    return person
  }

  /** Uses a link up: the person has this password from now on, and is signed in nowhere else. */
  useLink(code: string, password: string): Promise<ConsolePerson> {
    return this.#changes.run(async () => {
      const person = await this.linkOwner(code)
      checkPassword(password, person.email)
      const inside = await this.#inside()
      // Used up last: whoever holds the link could otherwise neither sign in nor try again, or leave a session open.
      await this.#setPassword(person.id, password)
      await inside.deleteUserSessions(person.id)
      await inside.consumeVerificationValue(sha256(code))
      return person
    })
  }

  async #setPassword(id: PersonId, password: string): Promise<void> {
    const context = await (await this.library()).$context
    const hash = await context.password.hash(password)
    const inside = context.internalAdapter
    if (await inside.findCredentialAccount(id)) await inside.updatePassword(id, hash)
    else {
      await inside.linkAccount({
        userId: id,
        providerId: 'credential',
        accountId: id,
        password: hash,
      })
    }
    this.#passwordsSet += 1
  }

  /** Takes away what is over of this person when this session was opened: nobody comes back to it. */
  async forgetOldSessions(id: PersonId, sessionId: string): Promise<void> {
    await this.#options.storage
      .signInDatabase()
      .run(
        'delete from "sign_in_session" where user_id = ? and expires_at < (select created_at from "sign_in_session" where id = ?)',
        [id, sessionId],
      )
  }

  /** Another number after each password that was set: who looked at one meanwhile may have seen that of before. */
  get passwordsSet(): number {
    return this.#passwordsSet
  }

  /** A password was set by the library itself: everything that the one of before had opened ends. */
  async endAfterNewPassword(id: PersonId): Promise<void> {
    this.#passwordsSet += 1
    await (await this.#inside()).deleteUserSessions(id)
  }
}

export function checkPassword(password: string, email: string): void {
  const message = passwordProblem(password, email)
  if (message === undefined) return
  throw new AdminFailure('password_refused', message, [{ path: 'password', message }])
}

const isSameInvitation = (known: ConsolePerson, asked: NewPerson): boolean =>
  known.name === asked.name &&
  known.role === asked.role &&
  known.customerId === asked.customerId &&
  known.memberId === asked.memberId

const linkUnknown = (): AdminFailure =>
  new AdminFailure('link_unknown', 'This link was used, has been replaced, or is over.')

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
