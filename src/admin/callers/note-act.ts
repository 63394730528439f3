import { recordAct } from '../../operations/acts.ts'
import type { AdminApiParts } from '../admin-api.ts'

/**
 * Notes for the audit log what was done and is no entry of the journal. It is done by then: where the note cannot be
 * written, the server's log has it, and the caller hears of what it asked for.
 */
export async function noteAct(
  { storage, logger }: Pick<AdminApiParts, 'storage' | 'logger'>,
  act: Parameters<typeof recordAct>[1],
): Promise<void> {
  try {
    await recordAct({ storage }, act)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const { actor, target } = act
    logger.error('an act is missing in the audit log', { act: act.act, actor, target, problem })
  }
}
