import type { Limit, Plan, WindowShape } from '../../core/plan.ts'
import { nanosPerUnit, type Nanos } from '../../core/money.ts'

/** Published plans as the text of a plans file (docs/plans.md): reading it gives the same plans again. */
export function plansText(plans: readonly Plan[]): string {
  const written = Object.fromEntries(plans.map((plan) => [plan.id, writtenPlan(plan)]))
  return `${JSON.stringify({ plans: written }, null, 2)}\n`
}

function writtenPlan(plan: Plan): object {
  const { name, priceNanos, limits, grants, runningMax, outputTokensExpected } = plan
  return {
    name,
    ...(priceNanos === null ? {} : { price: moneyText(priceNanos) }),
    limits: Object.fromEntries(limits.map((limit) => [limit.id, writtenLimit(limit)])),
    ...(grants.length === 0
      ? {}
      : {
          grants: Object.fromEntries(
            grants.map(({ id, amountNanos, every }) => [
              id,
              { amount: moneyText(amountNanos), every },
            ]),
          ),
        }),
    runningMax,
    outputTokensExpected,
  }
}

function writtenLimit({ unit, amount, models, shapes }: Limit): object {
  const shape = shapes.at(-1)?.shape
  return {
    [unit]: unit === 'money' ? moneyText(amount) : Number(amount),
    ...(models === undefined ? {} : { models }),
    ...(shape === undefined ? {} : { window: writtenWindow(shape) }),
  }
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

function writtenWindow(shape: WindowShape): object {
  switch (shape.kind) {
    case 'session':
      return { kind: 'session', hours: shape.lengthMs / 3_600_000 }
    case 'week': {
      const { weekday, hour, minute } = shape.anchor
      const time = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':')
      return { kind: 'week', weekday: weekdays[weekday - 1], time, zone: shape.zone }
    }
    case 'month':
    case 'day':
      return { kind: shape.kind, zone: shape.zone }
  }
}

/** Every nano, and at least two decimals. */
function moneyText(nanos: Nanos): string {
  const decimals = (nanos % nanosPerUnit)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '')
  return `${nanos / nanosPerUnit}.${decimals}`
}
