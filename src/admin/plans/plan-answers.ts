import { publishPlan } from '../../core/commands.ts'
import { figuresOf } from '../../core/figures.ts'
import { systemCustomerId, type PlanId } from '../../core/ids.ts'
import { appliesTo, type Limit, type Plan } from '../../core/plan.ts'
import { listPlans } from '../../operations/list-published.ts'
import { hiddenCustomers } from '../../operations/demo-world.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { Named } from '../contract/answers.ts'
import type {
  OverLimit,
  PlanBook,
  PlanBooksAnswer,
  PlanPreview,
  PlansPreviewAnswer,
  Seat,
} from '../contract/plans.ts'
import { toJson } from '../http/exchange.ts'
import { seatsByPlan } from './plan-changes.ts'
import { planSentences, titleOf } from './plan-sentences.ts'
import { plansText } from './plans-text.ts'

/** What is published, how it came to be so, and what publishing something else would do. */

type Reading = Pick<AdminApiParts, 'storage' | 'about'>

export async function planBooks(parts: Reading): Promise<PlanBooksAnswer> {
  const seats = await shownSeats(parts)
  const plans = await listPlans(parts)
  const versions = await versionsByPlan(parts)
  return {
    plans: plans.map((plan): PlanBook => {
      const { id, name } = plan
      const memberCount = seats.get(id)?.length ?? 0
      return { planId: id, name, memberCount, versions: versions.get(id) ?? [] }
    }),
    content: plansText(plans),
    plansFile: parts.about.plansFile,
  }
}

/** Newest first. */
async function versionsByPlan({
  storage,
  about,
}: Reading): Promise<ReadonlyMap<PlanId, PlanBook['versions']>> {
  const books = new Map<PlanId, PlanBook['versions'][number][]>()
  const last = new Map<PlanId, Plan>()
  let afterPosition = 0
  for (;;) {
    const query = { customerId: systemCustomerId, kind: 'plan_published', afterPosition } as const
    const entries = await storage.entries(query)
    for (const { body, atMs } of entries) {
      if (body.kind !== 'plan_published') continue
      const { plan } = body
      const before = last.get(plan.id)
      const changes = before === undefined ? [] : planSentences(before, plan, about.currencySymbol)
      const { version } = plan
      const told = { version, publishedAtMs: atMs, plan: toJson(plan), changes }
      books.set(plan.id, [told, ...(books.get(plan.id) ?? [])])
      last.set(plan.id, plan)
    }
    const newest = entries.at(-1)
    if (newest === undefined) return books
    afterPosition = newest.position
  }
}

/** Reads the text and says what publishing it would do. Nothing is written. */
export async function plansPreview(
  parts: Reading & Pick<AdminApiParts, 'parsePlans'>,
  content: string,
): Promise<PlansPreviewAnswer> {
  const nothing = { changes: [], unchanged: [], untouched: [] }
  const read = readPlans(parts, content)
  if (read.problems.length > 0) return { ...nothing, problems: read.problems }
  const tried = await tryPublishing(parts, read.plans)
  if (tried.problems.length > 0) return { ...nothing, problems: tried.problems }
  const seats = await shownSeats(parts)
  const changes: PlanPreview[] = []
  for (const { before, after } of tried.changed) {
    changes.push(await previewOf(parts, { before, after, seats: seats.get(after.id) ?? [] }))
  }
  const named = new Set(read.plans.map(({ id }) => id))
  const changed = new Set(tried.changed.map(({ after }) => after.id))
  return {
    problems: [],
    changes,
    unchanged: [...named].filter((id) => !changed.has(id)),
    untouched: (await listPlans(parts)).map(({ id }) => id).filter((id) => !named.has(id)),
  }
}

type Problems = PlansPreviewAnswer['problems']

function readPlans(
  { parsePlans }: Pick<AdminApiParts, 'parsePlans'>,
  content: string,
): { readonly plans: readonly Plan[]; readonly problems: Problems } {
  try {
    return { plans: parsePlans(content), problems: [] }
  } catch (error) {
    return { plans: [], problems: problemsOf(error, 'plans_file_invalid') }
  }
}

/** "plans.pro.price: write …" has its place before the colon; other sentences stand for the whole text. */
function problemsOf(error: unknown, code: string): Problems {
  if (!(error instanceof Error) || !('code' in error) || error.code !== code) throw error
  return error.message.split('\n').map((line) => {
    const placed = /^(plans(?:\.[A-Za-z0-9_.-]+)?): (.+)$/.exec(line)
    const [, path = '', message = line] = placed ?? []
    return { path, message }
  })
}

type Change = { readonly before: Plan | undefined; readonly after: Plan }

async function tryPublishing(
  { storage }: Pick<Reading, 'storage'>,
  plans: readonly Plan[],
): Promise<{ readonly changed: readonly Change[]; readonly problems: Problems }> {
  return storage.updateSystem((system, context) => {
    const changed: Change[] = []
    const problems: Problems[number][] = []
    for (const plan of plans) {
      try {
        const body = publishPlan(system, plan, context)?.body
        if (body?.kind !== 'plan_published') continue
        changed.push({ before: system.plans.get(plan.id), after: body.plan })
      } catch (error) {
        problems.push(...problemsOf(error, 'plan_change_invalid'))
      }
    }
    return { answer: { changed, problems }, entries: [] }
  })
}

const membersShownMax = 20
const overShownMax = 50
/** More members than this of one plan are not looked at one by one while somebody waits for a preview. */
const membersLookedAtMax = 2000

async function previewOf(
  parts: Reading,
  { before, after, seats }: Change & { readonly seats: readonly MemberSeat[] },
): Promise<PlanPreview> {
  const tightened = after.limits.filter((limit) => isTighter(limit, before))
  const over: OverLimit[] = []
  const looked = tightened.length === 0 ? [] : seats.slice(0, membersLookedAtMax)
  for (const seat of looked) {
    over.push(...(await overIn(parts, { seat, after, tightened })))
    if (over.length > overShownMax) break
  }
  const members: Seat[] = []
  for (const seat of seats.slice(0, membersShownMax)) members.push(await named(parts, seat))
  return {
    planId: after.id,
    name: after.name,
    isNew: before === undefined,
    version: after.version,
    sentences: planSentences(before, after, parts.about.currencySymbol),
    memberCount: seats.length,
    members,
    over: over.slice(0, overShownMax),
    isOverCut:
      over.length > overShownMax || (tightened.length > 0 && seats.length > membersLookedAtMax),
  }
}

/** New, lowered, or counting other models than before. */
function isTighter(limit: Limit, before: Plan | undefined): boolean {
  const old = before?.limits.find(({ id }) => id === limit.id)
  if (old === undefined || limit.amount < old.amount) return true
  return old.models !== undefined && (limit.models ?? ['']).some((name) => !appliesTo(old, name))
}

/** Whoever has used as much as a limit would allow is refused by the plan at the next request. */
async function overIn(
  parts: Reading,
  look: { readonly seat: MemberSeat; readonly after: Plan; readonly tightened: readonly Limit[] },
): Promise<readonly OverLimit[]> {
  const { seat, after, tightened } = look
  const { now, next } = await parts.storage.update(seat, (account, context) => {
    const plans = new Map([...account.system.plans, [after.id, after]])
    const changed = { ...account, system: { ...account.system, plans } }
    const answer = { now: figuresOf(account, context), next: figuresOf(changed, context) }
    return { answer, entries: [] }
  })
  const over: OverLimit[] = []
  for (const limit of tightened) {
    const figures = next.limits.find(({ limitId }) => limitId === limit.id)
    const { used, amount } = figures ?? { used: 0n, amount: null }
    if (amount === null || used < amount) continue
    const before = now.limits.find(({ limitId }) => limitId === limit.id)
    // Who was over before loses nothing by it.
    if (before?.amount !== undefined && before.amount !== null && used >= before.amount) continue
    over.push({
      ...(await named(parts, seat)),
      title: titleOf(limit),
      unit: limit.unit,
      used: `${used}`,
      amountNow: before === undefined || before.amount === null ? null : `${before.amount}`,
      amountThen: `${amount}`,
    })
  }
  return over
}

type MemberSeat = Parameters<AdminApiParts['storage']['update']>[0]

async function shownSeats(parts: Reading): Promise<ReadonlyMap<PlanId, readonly MemberSeat[]>> {
  const hidden = await hiddenCustomers(parts)
  const seats = await seatsByPlan(parts)
  return new Map(
    [...seats].map(([id, all]) => [id, all.filter(({ customerId }) => !hidden.has(customerId))]),
  )
}

async function named({ storage }: Pick<Reading, 'storage'>, seat: MemberSeat): Promise<Seat> {
  const one = async (id: MemberSeat['customerId'] | MemberSeat['memberId']): Promise<Named> => ({
    id,
    name: (await storage.findPerson(id))?.name ?? null,
  })
  return { customer: await one(seat.customerId), member: await one(seat.memberId) }
}
