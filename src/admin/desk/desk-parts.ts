import type { HealthFact } from '../../operations/health.ts'
import { MoneyBook } from '../../operations/money-book.ts'
import { NearLimits } from '../../operations/near-limits.ts'
import type { Parts } from '../../operations/parts.ts'
import type { Telemetry } from '../../operations/telemetry.ts'
import { KeptCheckUp } from './kept-check-up.ts'
import type { SettingAnswer, StorageAnswer } from '../contract/desk.ts'

/** What the operator's desk shows of a running server beside its journal. */
export type DeskParts = {
  readonly telemetry: Telemetry
  readonly money: MoneyBook
  readonly near: NearLimits
  readonly checkUp: KeptCheckUp
  readonly settings: readonly SettingAnswer[]
  readonly commands: StorageAnswer['commands']
}

export function createDesk(
  parts: Pick<Parts, 'storage' | 'clock'>,
  known: Pick<DeskParts, 'telemetry' | 'settings'> & {
    /** Where days begin and end. */
    readonly zone: string
    readonly health: () => Promise<readonly HealthFact[]>
    /** A command of ours as it is pasted for this installation. */
    readonly pasted: (command: string) => string
  },
): DeskParts {
  const { telemetry, settings, zone, health, pasted } = known
  return {
    telemetry,
    money: new MoneyBook(parts, zone),
    near: new NearLimits(parts, telemetry),
    checkUp: new KeptCheckUp(parts, health),
    settings,
    commands: {
      verify: pasted('plimsoll verify'),
      backup: pasted('plimsoll backup plimsoll-backup.db'),
      restore: pasted('plimsoll restore plimsoll-backup.db --replace'),
    },
  }
}
