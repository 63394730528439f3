import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { limitId, planId } from '../core/ids.ts'
import { moneyNanosMax, parseMoney } from '../core/money.ts'
import type { IncludedGrant, Limit, Plan, WindowShape } from '../core/plan.ts'
import type { Unit } from '../core/usage.ts'
import {
  plansFileSchema,
  weekdays,
  type WrittenLimit,
  type WrittenPlan,
} from './plans-file-schema.ts'
import { parseJson } from './read-json-file.ts'

/**
 * The operator's plans, from a JSON file (docs/plans.md). A plan stands alone or is a multiple of a base
 * plan; multiples are worked out here, so that the rest of the system sees whole plans only.
 */

/** Everything that is wrong with a plans file: where, and what to do. */
export class PlansFileError extends Error {
  readonly code = 'plans_file_invalid'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

export function readPlansFile(path: string): readonly Plan[] {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PlansFileError([`The plans file ${path} cannot be read: ${messageOf(cause)}`])
  }
  try {
    return parsePlans(content)
  } catch (error) {
    if (!(error instanceof PlansFileError)) throw error
    throw new PlansFileError(error.problems.map((problem) => `${path}: ${problem}`))
  }
}

export function parsePlans(content: string): readonly Plan[] {
  const written = parseFile(content)
  const book = new Map(Object.entries(written))
  const plans = [...book.keys()].map((id) => toPlan(id, whole(id, { book, through: [] })))
  const problems = [...unitClashes(plans), ...overflows(plans)]
  if (problems.length > 0) throw new PlansFileError(problems)
  return plans
}

function parseFile(content: string): Record<string, WrittenPlan> {
  let value: unknown
  try {
    value = parseJson(content)
  } catch (cause) {
    throw new PlansFileError([messageOf(cause)])
  }
  const parsed = plansFileSchema.safeParse(value)
  if (!parsed.success) throw new PlansFileError(parsed.error.issues.map(explainIssue))
  return parsed.data.plans
}

function explainIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? 'The file' : issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return `${where} has no place for ${issue.keys.map((key) => `"${key}"`).join(', ')}; see docs/plans.md.`
  }
  return `${where}: ${issue.message}`
}

/** A plan with everything that it takes from its base worked out. */
type WholePlan = Omit<WrittenPlan, 'base' | 'multiple' | 'limits'> & {
  readonly limits: ReadonlyMap<string, WholeLimit>
}
type WholeLimit = Omit<Limit, 'id'>

type Lookup = {
  readonly book: ReadonlyMap<string, WrittenPlan>
  /** The plans that led here; a base that is among them would never end. */
  readonly through: readonly string[]
}

function whole(id: string, { book, through }: Lookup): WholePlan {
  const written = book.get(id)
  if (written === undefined) {
    const user = through.at(-1) ?? id
    throw new PlansFileError([
      `plans.${user}.base: there is no plan "${id}" in this file; the file has ${[...book.keys()].join(', ')}.`,
    ])
  }
  if (through.includes(id)) {
    const circle = [...through.slice(through.indexOf(id)), id].join(' -> ')
    throw new PlansFileError([`plans.${id}.base: these plans are each other's base: ${circle}.`])
  }
  const limits = new Map<string, WholeLimit>()
  const base =
    written.base === undefined
      ? undefined
      : whole(written.base, { book, through: [...through, id] })
  for (const [name, limit] of base?.limits ?? []) {
    limits.set(name, { ...limit, amount: multiplied(limit.amount, written.multiple ?? 1) })
  }
  for (const [name, limit] of Object.entries(written.limits ?? {})) {
    if (limit === null) limits.delete(name)
    else limits.set(name, toLimit(limit))
  }
  const { base: _base, multiple: _multiple, limits: _limits, ...own } = written
  return { ...inherited(base), ...own, grants: { ...base?.grants, ...own.grants }, limits }
}

/** What a plan takes over from its base unless it says otherwise. Its price is its own. */
function inherited(
  base: WholePlan | undefined,
): Pick<WholePlan, 'runningMax' | 'outputTokensExpected'> {
  const { runningMax, outputTokensExpected } = base ?? {}
  return {
    ...(runningMax === undefined ? {} : { runningMax }),
    ...(outputTokensExpected === undefined ? {} : { outputTokensExpected }),
  }
}

/** Rounds down: a multiple never promises more than it says. */
function multiplied(amount: bigint, multiple: number): bigint {
  return (amount * BigInt(Math.round(multiple * 1000))) / 1000n
}

const runningMaxDefault = 20
const outputTokensExpectedDefault = 800

function toPlan(id: string, written: WholePlan): Plan {
  const limits = [...written.limits].map(([name, limit]) => ({ id: limitId(name), ...limit }))
  return {
    id: planId(id),
    version: 1,
    name: written.name,
    priceNanos: written.price === undefined ? null : nanosOf(written.price),
    limits,
    grants: Object.entries(written.grants ?? {}).map(toGrant),
    runningMax: written.runningMax ?? runningMaxDefault,
    outputTokensExpected: written.outputTokensExpected ?? outputTokensExpectedDefault,
  }
}

const toGrant = ([id, grant]: [
  string,
  { amount: string; every: 'once' | 'month' },
]): IncludedGrant => ({
  id,
  amountNanos: nanosOf(grant.amount),
  every: grant.every,
})

function toLimit(written: WrittenLimit): WholeLimit {
  return {
    ...amountOf(written),
    shapes: [{ sinceMs: 0, shape: toShape(written.window) }],
    ...(written.models === undefined ? {} : { models: written.models }),
  }
}

function amountOf(written: WrittenLimit): { readonly unit: Unit; readonly amount: bigint } {
  if (written.money !== undefined) return { unit: 'money', amount: nanosOf(written.money) }
  if (written.tokens !== undefined) return { unit: 'tokens', amount: BigInt(written.tokens) }
  return { unit: 'requests', amount: BigInt(written.requests ?? 0) }
}

function toShape(window: WrittenLimit['window']): WindowShape {
  switch (window.kind) {
    case 'session':
      return { kind: 'session', lengthMs: window.hours * 3_600_000 }
    case 'week': {
      const [hour = 0, minute = 0] = window.time.split(':').map(Number)
      const weekday = weekdays.indexOf(window.weekday) + 1
      return { kind: 'week', anchor: { weekday, hour, minute }, zone: window.zone }
    }
    case 'month':
    case 'day':
      return { kind: window.kind, zone: window.zone }
  }
}

/** The schema has let only amounts through. */
const nanosOf = (text: string): bigint => parseMoney(text) ?? 0n

/** Members carry what they used from plan to plan, so a limit counts the same unit wherever it stands. */
function unitClashes(plans: readonly Plan[]): readonly string[] {
  const first = new Map<string, { readonly plan: string; readonly unit: Unit }>()
  const problems: string[] = []
  for (const plan of plans) {
    for (const { id, unit } of plan.limits) {
      const known = first.get(id) ?? { plan: plan.id, unit }
      first.set(id, known)
      if (known.unit === unit) continue
      problems.push(
        `plans.${plan.id}.limits.${id} counts ${unit}, but ${known.unit} in plan "${known.plan}"; give one of them another name.`,
      )
    }
  }
  return problems
}

function overflows(plans: readonly Plan[]): readonly string[] {
  return plans.flatMap((plan) =>
    plan.limits
      .filter((limit) => limit.amount > moneyNanosMax)
      .map((limit) => `plans.${plan.id}.limits.${limit.id}: the multiple is too large to count.`),
  )
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
