import type { PlanVersion } from '../../../src/admin/contract/plans.ts'
import { quantity } from '../../format/numbers.ts'

type Plan = PlanVersion['plan']
export type LimitShown = Plan['limits'][number]

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** "a week from Monday 09:00 (UTC)": over what time a limit counts. */
export function windowWords({ shapes }: LimitShown): string {
  const shape = shapes.at(-1)?.shape
  switch (shape?.kind) {
    case undefined:
      return 'no window'
    case 'session':
      return `${shape.lengthMs / 3_600_000} h from the first message`
    case 'week': {
      const { weekday, hour, minute } = shape.anchor
      const time = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':')
      return `a week from ${weekdays[weekday - 1] ?? ''} ${time} (${shape.zone})`
    }
    case 'month':
      return `a calendar month (${shape.zone})`
    case 'day':
      return `a day (${shape.zone})`
  }
}

export const amountWords = ({ amount, unit }: LimitShown, symbol: string): string =>
  quantity(amount, unit, symbol)

export const modelWords = ({ models }: LimitShown): string =>
  models === undefined ? 'all models' : models.map((name) => `${name}*`).join(', ')
