import type { Actor, Entry, EntryKind } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import { hiddenCustomers, isOfRemoval } from './demo-world.ts'
import { positionsWithin, type PositionRange } from './find-positions.ts'
import type { Parts } from './parts.ts'
import { entriesPastDamage } from './past-damage.ts'

/** What kind of act an entry is for whoever looks through them; null is traffic, and what the system does daily. */
const actOfKind = {
  boot: 'server',
  swept: null,
  clock_adopted: 'clock',
  clock_corrected: 'clock',
  plan_published: 'plans',
  price_published: 'prices',
  customer_opened: 'customers',
  member_seated: 'seats',
  key_issued: 'keys',
  key_revoked: 'keys',
  extra_usage_set: 'extra_usage',
  spend_cap_set: 'spend_cap',
  status_set: 'pause',
  limit_excepted: 'limits',
  auto_reload_set: 'auto_reload',
  standing_order_set: 'auto_reload',
  reload_refused: 'auto_reload',
  granted: 'money',
  refunded: 'money',
  window_credited: 'limits',
  held: null,
  hold_grown: null,
  settled: null,
  voided: null,
  expired: null,
  drift_found: 'drift',
} as const satisfies Readonly<Record<EntryKind, string | null>>

type AdminAct = Awaited<ReturnType<Parts['storage']['acts']['list']>>[number]

/** The same for acts at the admin API that are no entry; those of people and their sign-ins are all others. */
const actOfName: Readonly<Record<string, Act>> = {
  clock_adopted: 'clock',
  journal_verified: 'storage',
  backup_taken: 'storage',
  customer_erased: 'erasure',
  member_erased: 'erasure',
}

type JournalAct = NonNullable<(typeof actOfKind)[EntryKind]>
export type Act = JournalAct | 'storage' | 'erasure' | 'people'

export const acts: readonly Act[] = [
  ...new Set(Object.values(actOfKind).filter((act): act is JournalAct => act !== null)),
  'people',
  'storage',
  'erasure',
]

export type AuditQuery = {
  readonly act?: Act
  readonly actor?: Actor
  readonly customerId?: CustomerId
  readonly memberId?: MemberId
  readonly fromMs?: number
  readonly toMs?: number
  readonly before?: AuditPlace
  readonly rowsMax: number
}

/** Where a page of the log ended: the position in the journal, and the number of an act beside it. */
export type AuditPlace = { readonly position: number; readonly actId: number }

export type Audited =
  | { readonly kind: 'entry'; readonly act: Act; readonly entry: Entry }
  | { readonly kind: 'act'; readonly act: Act; readonly done: AdminAct }

export type AuditPage = {
  /** Newest first. */
  readonly lines: readonly Audited[]
  /** Set where there is more to look through: ask again with it. The page itself may have no line. */
  readonly before: AuditPlace | null
  /** Positions of entries that cannot be read, and so may be missing here. */
  readonly damaged: readonly number[]
}

/** Read at once, and the most that one question looks through. */
const readLength = 250
const lookedAtMax = 5000

/**
 * Every administrative act, newest first: what people, keys and the system changed in the journal, and what was
 * done at the admin API beside it. Neither list is ever changed, so pages stay what they were while new acts come.
 */
export async function audit(
  { storage }: Pick<Parts, 'storage'>,
  query: AuditQuery,
): Promise<AuditPage> {
  const damaged: number[] = []
  const entries = await entriesBack(storage, query, damaged)
  const done = actsBack(storage, query)
  const hidden = query.customerId === undefined ? await hiddenCustomers({ storage }) : new Set()
  const isShown = ({ customerId, operationId }: Entry): boolean =>
    !hidden.has(customerId) || isOfRemoval(operationId)
  const lines: Audited[] = []
  for (let lookedAt = 0; lookedAt < lookedAtMax && lines.length < query.rowsMax; lookedAt += 1) {
    const entry = await entries.peek()
    const act = await done.peek()
    if (entry !== undefined && (act === undefined || entry.atMs >= act.atMs)) {
      entries.take()
      const line = isShown(entry) ? entryLine(entry, query) : null
      if (line !== null) lines.push(line)
    } else if (act !== undefined) {
      done.take()
      const line = actLine(act, query)
      if (line !== null) lines.push(line)
    } else {
      return { lines, before: null, damaged }
    }
  }
  return { lines, before: { position: entries.before, actId: done.before }, damaged }
}

/** A list that is read newest first, a page at a time; `before` is where whoever took so much goes on. */
class Back<Item> {
  readonly #read: (before: number) => Promise<readonly Item[]>
  readonly #numberOf: (item: Item) => number
  #page: readonly Item[] = []
  #index = 0
  #isOver = false
  before: number

  constructor(
    start: number,
    read: (before: number) => Promise<readonly Item[]>,
    numberOf: (item: Item) => number,
  ) {
    this.before = start
    this.#read = read
    this.#numberOf = numberOf
  }

  async peek(): Promise<Item | undefined> {
    if (this.#index === this.#page.length && !this.#isOver) {
      this.#page = await this.#read(this.before)
      this.#index = 0
      this.#isOver = this.#page.length < readLength
    }
    return this.#page[this.#index]
  }

  take(): void {
    const item = this.#page[this.#index]
    this.#index += 1
    if (item !== undefined) this.before = this.#numberOf(item)
  }
}

async function entriesBack(
  storage: Parts['storage'],
  query: AuditQuery,
  damaged: number[],
): Promise<Back<Entry>> {
  const { afterPosition, beforePosition } = await rangeOf(storage, query)
  const kinds = kindsOf(query.act)
  const { customerId, memberId } = query
  const read = async (before: number): Promise<readonly Entry[]> => {
    const past = await entriesPastDamage(storage, {
      kinds,
      ...(customerId === undefined ? {} : { customerId }),
      ...(memberId === undefined ? {} : { memberId }),
      afterPosition,
      beforePosition: before,
      isNewestFirst: true,
      rowsMax: readLength,
    })
    damaged.push(...past.damaged)
    return past.entries
  }
  const start = Math.min(query.before?.position ?? Infinity, beforePosition)
  return new Back(start, read, ({ position }) => position)
}

function actsBack({ acts: book }: Parts['storage'], query: AuditQuery): Back<AdminAct> {
  const actor = query.actor === undefined ? {} : { actor: query.actor }
  const read = (before: number): Promise<readonly AdminAct[]> =>
    book.list({ beforeId: before, ...actor, rowsMax: readLength })
  return new Back(query.before?.actId ?? Number.MAX_SAFE_INTEGER, read, ({ id }) => id)
}

async function rangeOf(storage: Parts['storage'], query: AuditQuery): Promise<PositionRange> {
  const { fromMs, toMs } = query
  if (fromMs === undefined && toMs === undefined) {
    return { afterPosition: 0, beforePosition: storage.durablePosition + 1 }
  }
  return positionsWithin(storage, { fromMs: fromMs ?? -Infinity, toMs: toMs ?? Infinity })
}

const kindsOf = (act: Act | undefined): readonly EntryKind[] =>
  (Object.keys(actOfKind) as EntryKind[]).filter((kind) =>
    act === undefined ? actOfKind[kind] !== null : actOfKind[kind] === act,
  )

function entryLine(entry: Entry, query: AuditQuery): Audited | null {
  const { body, actor, atMs } = entry
  const act = actOfKind[body.kind]
  // Credit that a plan gives each month is no act of anybody.
  if (act === null || (body.kind === 'granted' && body.grant.origin === 'included')) return null
  if (query.actor !== undefined && query.actor !== (actor ?? 'system')) return null
  return isWithin(atMs, query) ? { kind: 'entry', act, entry } : null
}

function actLine(done: AdminAct, query: AuditQuery): Audited | null {
  const act = actOfName[done.act] ?? 'people'
  const { target, details } = done
  const concerns = (id: string | undefined, name: 'customerId' | 'memberId'): boolean =>
    id === undefined || target === id || details[name] === id
  const isWanted =
    (query.act === undefined || query.act === act) &&
    concerns(query.customerId, 'customerId') &&
    concerns(query.memberId, 'memberId') &&
    isWithin(done.atMs, query)
  return isWanted ? { kind: 'act', act, done } : null
}

const isWithin = (atMs: number, { fromMs = -Infinity, toMs = Infinity }: AuditQuery): boolean =>
  atMs >= fromMs && atMs < toMs
