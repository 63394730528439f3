import type { Logger } from '../../system/logger.ts'
import type { RecordClockStatus } from '../../system/record-clock.ts'

/** What the log says when the clock of record and the wall clock part, and when they agree again. */
export function logClock(log: Logger, status: RecordClockStatus): void {
  const { recordMs, wallMs, driftMs, isJumpHeld, isBehind } = status
  const fields = { recordMs, wallMs, driftMs }
  if (isBehind) {
    log.warn(
      'the wall clock is behind; windows go on and run slower until it has caught up (plimsoll clock)',
      fields,
    )
  } else if (isJumpHeld) {
    log.error(
      'the wall clock jumped forward; windows keep the old time until it is confirmed',
      fields,
    )
  } else {
    log.info('the clock of record follows the wall clock again', fields)
  }
}
