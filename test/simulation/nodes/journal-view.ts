import type { Account } from '../../../src/core/account.ts'
import {
  applyToCustomer,
  applyToMember,
  applyToSystem,
  touchesCustomer,
} from '../../../src/core/apply.ts'
import { emptyCustomer, emptyMember, emptySystem } from '../../../src/core/empty-state.ts'
import type { Entry } from '../../../src/core/entry.ts'
import { systemCustomerId, type HoldId, type MemberId } from '../../../src/core/ids.ts'
import type { ActBook, SignInDatabase } from '../../../src/storage/console-storage.ts'
import {
  endOf,
  findEntries,
  findHoldEntries,
} from '../../../src/storage/sqlite-file/journal-queries.ts'
import {
  findAccounts,
  openActBook,
  openSignInDatabase,
} from '../../../src/storage/sqlite-file/side-tables.ts'
import type { SideWrite } from '../../../src/storage/sqlite-log/journal-writer.ts'
import {
  UnknownScopeError,
  type CustomerRows,
  type EntryQuery,
  type Erasure,
  type KeyRecord,
  type MemberScope,
  type NamedCustomer,
  type NamedId,
  type Person,
  type Storage,
} from '../../../src/storage/storage.ts'
import type { Wire } from './database-types.ts'
import type { SharedDatabase } from './shared-database.ts'

/** What a node asks the database without a change: it keeps nothing of the answers, keys included. */
export class JournalView {
  readonly acts: ActBook
  protected readonly database: SharedDatabase
  protected readonly wire: Wire
  readonly #signIn: SignInDatabase

  constructor(database: SharedDatabase, wire: Wire, nowMs: () => number) {
    this.database = database
    this.wire = wire
    const { reader } = database
    const beside = { reader, write: (side: SideWrite) => database.write(side), nowMs }
    const signIn = openSignInDatabase(beside)
    const acts = openActBook(beside)
    this.#signIn = {
      dialect: signIn.dialect,
      run: (sql, values) => wire.ask('sign-in', () => signIn.run(sql, values)),
    }
    this.acts = {
      record: (act) => wire.ask('act', () => acts.record(act)),
      list: (query) => wire.ask('acts', () => acts.list(query)),
    }
  }

  accountAt(scope: MemberScope, position: number): Promise<Account> {
    return this.wire.ask('account', () => accountAt(this.database, scope, position))
  }

  entries(query: EntryQuery): Promise<readonly Entry[]> {
    return this.#read('entries', ({ reader, position }) => findEntries(reader, query, position))
  }

  async findHoldEnd(memberId: MemberId, holdId: HoldId): Promise<Entry | undefined> {
    return endOf(await this.holdEntries(holdId), memberId)
  }

  holdEntries(holdId: HoldId): Promise<readonly Entry[]> {
    return this.#read('hold', ({ reader, position }) => findHoldEntries(reader, holdId, position))
  }

  findKey(keyHash: string): Promise<KeyRecord | undefined> {
    return this.#read('key', ({ reader }) => reader.findKey(keyHash))
  }

  members(customerId?: MemberScope['customerId']): Promise<readonly MemberScope[]> {
    return this.#read('members', ({ reader }) => reader.members(customerId))
  }

  customers(rows: CustomerRows): Promise<readonly NamedCustomer[]> {
    return this.#read('customers', ({ reader, position }) => reader.customers(rows, position))
  }

  async putPerson(person: Person): Promise<void> {
    await this.#write({ kind: 'put_person', person })
  }

  async putPersonOnce(person: Person): Promise<void> {
    await this.#write({ kind: 'put_person', person, isOnce: true })
  }

  findPerson(id: NamedId): Promise<Person | undefined> {
    return this.#read('person', ({ reader }) => reader.findPerson(id))
  }

  persons(): Promise<readonly Person[]> {
    return this.#read('persons', ({ reader }) => reader.persons())
  }

  async erasePersons(ids: readonly NamedId[]): Promise<Erasure> {
    await this.#write({ kind: 'erase_persons', ids })
    return { isComplete: true, copies: [] }
  }

  accountsOf(
    scope: Parameters<Storage['accountsOf']>[0],
  ): Promise<Awaited<ReturnType<Storage['accountsOf']>>> {
    return this.#read('accounts', ({ reader }) => findAccounts(reader, scope))
  }

  signInDatabase(): SignInDatabase {
    return this.#signIn
  }

  /** The first that is written stays, whichever node wrote it. */
  async secret(name: string, make: () => string): Promise<string> {
    const find = (): Promise<string | undefined> =>
      this.#read('secret', ({ reader }) => reader.findSecret(name))
    const known = await find()
    if (known !== undefined) return known
    await this.#write({ kind: 'put_secret', name, value: make() })
    const value = await find()
    if (value === undefined) throw new Error(`The secret "${name}" was written and is not there`)
    return value
  }

  async replaceSecret(name: string, value: string): Promise<void> {
    await this.#write({ kind: 'put_secret', name, value, isReplacing: true })
  }

  #read<Answer>(
    name: string,
    read: (database: SharedDatabase) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    return this.wire.ask(name, () => read(this.database))
  }

  async #write(side: SideWrite): Promise<void> {
    await this.wire.ask(side.kind, () => this.database.write(side))
  }
}

function accountAt(database: SharedDatabase, scope: MemberScope, position: number): Account {
  const { customerId, memberId } = scope
  const system = emptySystem()
  const customer = emptyCustomer(customerId)
  const member = emptyMember(scope)
  for (const entry of database.customerEntries(systemCustomerId)) {
    if (entry.position <= position) applyToSystem(system, entry)
  }
  let isThere = false
  for (const entry of database.customerEntries(customerId)) {
    if (entry.position > position) break
    if (touchesCustomer(entry)) applyToCustomer(customer, entry)
    if (entry.memberId !== memberId) continue
    applyToMember(member, entry)
    isThere = true
  }
  if (customerId === systemCustomerId || !isThere) {
    throw new UnknownScopeError(
      `No member ${memberId} of customer ${customerId} was there at position ${position}`,
    )
  }
  return { system, customer, member }
}
