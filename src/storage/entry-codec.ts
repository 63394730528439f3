import type { AutoReload, GrantLeg, LimitException, SpendCap } from '../core/account.ts'
import type { Entry, EntryBody, EntryKind, GrantTerms, Leg } from '../core/entry.ts'
import type { CustomerId, MemberId, OperationId } from '../core/ids.ts'
import type { Plan } from '../core/plan.ts'
import type { Amounts, Meter, Price, Rate, Unit } from '../core/usage.ts'
import { DamagedEntryError } from './damaged-entry.ts'

/**
 * Entries as JSON text and back. Amounts are bigint in memory and digits in text. Every field that holds
 * one is converted by name, so the compiler notices a new one that was forgotten.
 */

/** The same shape with each bigint as a string of digits. */
export type Stored<T> = T extends bigint
  ? string
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Stored<Item>[]
      : { readonly [Key in keyof T]: Stored<T[Key]> }

/** The columns of one journal row, in the order of the table; the writer adds the hash. */
export type JournalRow = {
  readonly position: number
  readonly customerId: CustomerId
  readonly memberId: MemberId | null
  readonly kind: string
  readonly atMs: number
  readonly operationId: OperationId | null
  readonly operationDigest: string | null
  readonly actor: string | null
  readonly holdId: string | null
  readonly isShared: 0 | 1
  readonly memberSeal: string | null
  readonly customerSeal: string | null
  readonly legs: string
  readonly body: string
}

type StoredLeg = readonly [from: string, to: string, amount: string, unit?: Unit]

export function encodeLegs(legs: readonly Leg[]): string {
  return JSON.stringify(
    legs.map(({ from, to, amount, unit }): StoredLeg => {
      return unit === undefined ? [from, to, String(amount)] : [from, to, String(amount), unit]
    }),
  )
}

export function decodeLegs(text: string): readonly Leg[] {
  const stored = JSON.parse(text) as readonly StoredLeg[]
  return stored.map(([from, to, amount, unit]) => {
    return unit === undefined
      ? { from, to, amount: BigInt(amount) }
      : { from, to, amount: BigInt(amount), unit }
  })
}

export const encodeAmounts = ({ money, tokens, requests }: Amounts): Stored<Amounts> => ({
  money: String(money),
  tokens: String(tokens),
  requests: String(requests),
})

export const decodeAmounts = ({ money, tokens, requests }: Stored<Amounts>): Amounts => ({
  money: BigInt(money),
  tokens: BigInt(tokens),
  requests: BigInt(requests),
})

export const encodeGrantLegs = (legs: readonly GrantLeg[]): Stored<readonly GrantLeg[]> =>
  legs.map(({ grantId, amount }) => ({ grantId, amount: String(amount) }))

export const decodeGrantLegs = (legs: Stored<readonly GrantLeg[]>): GrantLeg[] =>
  legs.map(({ grantId, amount }) => ({ grantId, amount: BigInt(amount) }))

export const encodeCap = (cap: SpendCap): Stored<SpendCap> =>
  cap.kind === 'unlimited' ? cap : { kind: cap.kind, amountNanos: String(cap.amountNanos) }

export const decodeCap = (cap: Stored<SpendCap>): SpendCap =>
  cap.kind === 'unlimited' ? cap : { kind: cap.kind, amountNanos: BigInt(cap.amountNanos) }

export const encodeReload = (setting: AutoReload): Stored<AutoReload> =>
  setting.kind === 'off'
    ? setting
    : {
        kind: setting.kind,
        thresholdNanos: String(setting.thresholdNanos),
        amountNanos: String(setting.amountNanos),
        monthMaxNanos: String(setting.monthMaxNanos),
      }

export const decodeReload = (setting: Stored<AutoReload>): AutoReload =>
  setting.kind === 'off'
    ? setting
    : {
        kind: setting.kind,
        thresholdNanos: BigInt(setting.thresholdNanos),
        amountNanos: BigInt(setting.amountNanos),
        monthMaxNanos: BigInt(setting.monthMaxNanos),
      }

export const encodeException = ({ amount, untilMs }: LimitException): Stored<LimitException> => ({
  amount: amount === null ? null : String(amount),
  untilMs,
})

export const decodeException = ({ amount, untilMs }: Stored<LimitException>): LimitException => ({
  amount: amount === null ? null : BigInt(amount),
  untilMs,
})

const encodeGrant = (grant: GrantTerms): Stored<GrantTerms> => ({
  ...grant,
  amountNanos: String(grant.amountNanos),
})

const decodeGrant = (grant: Stored<GrantTerms>): GrantTerms => ({
  ...grant,
  amountNanos: BigInt(grant.amountNanos),
})

function encodePlan(plan: Plan): Stored<Plan> {
  return {
    ...plan,
    priceNanos: plan.priceNanos === null ? null : String(plan.priceNanos),
    limits: plan.limits.map((limit) => ({ ...limit, amount: String(limit.amount) })),
    grants: plan.grants.map((grant) => ({ ...grant, amountNanos: String(grant.amountNanos) })),
  }
}

function decodePlan(plan: Stored<Plan>): Plan {
  return {
    ...plan,
    priceNanos: plan.priceNanos === null ? null : BigInt(plan.priceNanos),
    limits: plan.limits.map((limit) => ({ ...limit, amount: BigInt(limit.amount) })),
    grants: plan.grants.map((grant) => ({ ...grant, amountNanos: BigInt(grant.amountNanos) })),
  }
}

function encodePrice(price: Price): Stored<Price> {
  const rates: { [M in Meter]?: readonly Stored<Rate>[] } = {}
  for (const [meter, list] of Object.entries(price.rates) as [Meter, readonly Rate[]][]) {
    rates[meter] = list.map((rate) => ({ ...rate, nanosPerMillion: String(rate.nanosPerMillion) }))
  }
  return { ...price, rates }
}

function decodePrice(price: Stored<Price>): Price {
  const rates: { [M in Meter]?: readonly Rate[] } = {}
  for (const [meter, list] of Object.entries(price.rates) as [Meter, readonly Stored<Rate>[]][]) {
    rates[meter] = list.map((rate) => ({ ...rate, nanosPerMillion: BigInt(rate.nanosPerMillion) }))
  }
  return { ...price, rates }
}

function storedBody(body: EntryBody): Stored<EntryBody> {
  switch (body.kind) {
    case 'plan_published':
      return { ...body, plan: encodePlan(body.plan) }
    case 'price_published':
      return { ...body, price: encodePrice(body.price) }
    case 'customer_opened':
      return {
        ...body,
        cap: encodeCap(body.cap),
        overrunMaxNanos: String(body.overrunMaxNanos),
      }
    case 'spend_cap_set':
      return { ...body, cap: encodeCap(body.cap) }
    case 'limit_excepted':
      return { ...body, exception: body.exception && encodeException(body.exception) }
    case 'auto_reload_set':
      return { ...body, setting: encodeReload(body.setting) }
    case 'standing_order_set':
      return { ...body, monthMaxNanos: String(body.monthMaxNanos) }
    case 'reload_refused':
      return { ...body, amountNanos: String(body.amountNanos) }
    case 'granted':
      return { ...body, grant: encodeGrant(body.grant) }
    case 'held':
      return {
        ...body,
        amounts: encodeAmounts(body.amounts),
        expected: encodeAmounts(body.expected),
        worstNanos: String(body.worstNanos),
        grantLegs: encodeGrantLegs(body.grantLegs),
        overrunReserveNanos: String(body.overrunReserveNanos),
      }
    case 'hold_grown':
      return {
        ...body,
        amounts: encodeAmounts(body.amounts),
        grantLegs: encodeGrantLegs(body.grantLegs),
      }
    case 'settled': {
      const { lostNanos, ...rest } = body
      return {
        ...rest,
        costNanos: String(body.costNanos),
        chargedNanos: String(body.chargedNanos),
        overrunNanos: String(body.overrunNanos),
        ...(lostNanos === undefined ? {} : { lostNanos: String(lostNanos) }),
        overrunReserveNanos: String(body.overrunReserveNanos),
      }
    }
    case 'voided':
      return { ...body, overrunReserveNanos: String(body.overrunReserveNanos) }
    case 'expired':
      return {
        ...body,
        lostNanos: String(body.lostNanos),
        overrunReserveNanos: String(body.overrunReserveNanos),
      }
    default:
      return body
  }
}

function bodyOf(stored: Stored<EntryBody>): EntryBody {
  switch (stored.kind) {
    case 'plan_published':
      return { ...stored, plan: decodePlan(stored.plan) }
    case 'price_published':
      return { ...stored, price: decodePrice(stored.price) }
    case 'customer_opened':
      return {
        ...stored,
        cap: decodeCap(stored.cap),
        overrunMaxNanos: BigInt(stored.overrunMaxNanos),
      }
    case 'spend_cap_set':
      return { ...stored, cap: decodeCap(stored.cap) }
    case 'limit_excepted':
      return { ...stored, exception: stored.exception && decodeException(stored.exception) }
    case 'auto_reload_set':
      return { ...stored, setting: decodeReload(stored.setting) }
    case 'standing_order_set':
      return { ...stored, monthMaxNanos: BigInt(stored.monthMaxNanos) }
    case 'reload_refused':
      return { ...stored, amountNanos: BigInt(stored.amountNanos) }
    case 'granted':
      return { ...stored, grant: decodeGrant(stored.grant) }
    case 'held':
      return {
        ...stored,
        amounts: decodeAmounts(stored.amounts),
        expected: decodeAmounts(stored.expected),
        worstNanos: BigInt(stored.worstNanos),
        grantLegs: decodeGrantLegs(stored.grantLegs),
        overrunReserveNanos: BigInt(stored.overrunReserveNanos),
      }
    case 'hold_grown':
      return {
        ...stored,
        amounts: decodeAmounts(stored.amounts),
        grantLegs: decodeGrantLegs(stored.grantLegs),
      }
    case 'settled': {
      const { lostNanos, ...rest } = stored
      return {
        ...rest,
        costNanos: BigInt(stored.costNanos),
        chargedNanos: BigInt(stored.chargedNanos),
        overrunNanos: BigInt(stored.overrunNanos),
        ...(lostNanos === undefined ? {} : { lostNanos: BigInt(lostNanos) }),
        overrunReserveNanos: BigInt(stored.overrunReserveNanos),
      }
    }
    case 'voided':
      return { ...stored, overrunReserveNanos: BigInt(stored.overrunReserveNanos) }
    case 'expired':
      return {
        ...stored,
        lostNanos: BigInt(stored.lostNanos),
        overrunReserveNanos: BigInt(stored.overrunReserveNanos),
      }
    default:
      return stored
  }
}

export const encodeBody = (body: EntryBody): string => JSON.stringify(storedBody(body))

export const decodeBody = (text: string): EntryBody => bodyOf(JSON.parse(text) as Stored<EntryBody>)

/** The hold that an entry is about, where it is about one. */
export const holdOf = (body: EntryBody): string | null =>
  'holdId' in body ? (body.holdId satisfies string) : null

export function encodeEntry(
  entry: Entry,
  columns: {
    readonly isShared: boolean
    readonly memberSeal: string | null
    readonly customerSeal: string | null
  },
): JournalRow {
  return {
    position: entry.position,
    customerId: entry.customerId,
    memberId: entry.memberId,
    kind: entry.body.kind,
    atMs: entry.atMs,
    operationId: entry.operationId ?? null,
    operationDigest: entry.operationDigest ?? null,
    actor: entry.actor ?? null,
    holdId: holdOf(entry.body),
    isShared: columns.isShared ? 1 : 0,
    memberSeal: columns.memberSeal,
    customerSeal: columns.customerSeal,
    legs: encodeLegs(entry.legs),
    body: encodeBody(entry.body),
  }
}

/** Throws `DamagedEntryError` when a row's text is not what this program writes. */
export function decodeEntry(row: JournalRow): Entry {
  try {
    return entryOf(row)
  } catch (cause) {
    throw new DamagedEntryError(row.position, cause)
  }
}

function entryOf(row: JournalRow): Entry {
  const body = decodeBody(row.body)
  if (body.kind !== row.kind || !(body.kind in kinds)) {
    throw new Error(`its kind is "${row.kind}", and its text says "${body.kind}"`)
  }
  return {
    position: row.position,
    customerId: row.customerId,
    memberId: row.memberId,
    atMs: row.atMs,
    ...(row.operationId === null ? {} : { operationId: row.operationId }),
    ...(row.operationDigest === null ? {} : { operationDigest: row.operationDigest }),
    ...(row.actor === null ? {} : { actor: row.actor }),
    legs: decodeLegs(row.legs),
    body,
  }
}

/** Every kind of entry that there is, for the compiler to notice a new one. */
const kinds: Readonly<Record<EntryKind, true>> = {
  boot: true,
  swept: true,
  clock_adopted: true,
  clock_corrected: true,
  plan_published: true,
  price_published: true,
  customer_opened: true,
  member_seated: true,
  key_issued: true,
  key_revoked: true,
  extra_usage_set: true,
  spend_cap_set: true,
  status_set: true,
  limit_excepted: true,
  granted: true,
  auto_reload_set: true,
  standing_order_set: true,
  reload_refused: true,
  refunded: true,
  window_credited: true,
  held: true,
  hold_grown: true,
  settled: true,
  voided: true,
  expired: true,
  drift_found: true,
}
