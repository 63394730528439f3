import type { WindowName } from './evidence.ts'
import { limitOf, note, verdict, type Case } from './case.ts'
import type { Verdict } from './verdict.ts'

/**
 * A Plimsoll gateway refused. Its message holds the figures that it decided by, and a decision id by which
 * the refusal can be proved, so nothing has to be guessed.
 */
export function judgeGateway(case_: Case, decisionId: string): Verdict {
  const text = case_.refusal.text
  const ruling = codeOf(text)
  const lines = text
    .split(/\n|(?<=\.) (?=Extra usage|So is|To go on|Decision)/)
    .map((line) => line.trim())
    .filter((line) => /is used up|did not help/.test(line))
    .map((line) => ({
      ...note('for', line),
      source: { kind: 'official', what: 'Plimsoll gateway' } as const,
      atMs: case_.refusal.atMs,
    }))
  const proof = note('note', 'the gateway decides from its own ledger; explain proves this refusal')
  const limit = ruling === 'true_limit' ? limitOf(case_, windowIn(text)) : undefined
  return verdict({ ruling, confidence: 'high', limit, decisionId, evidence: [...lines, proof] })
}

function codeOf(text: string): Verdict['ruling'] {
  if (/(account|seat) is paused/.test(text)) return 'organisation'
  if (/requests running|still running keep|Trying again shortly/i.test(text)) return 'burst'
  if (/has no price here/.test(text)) return 'request_or_client'
  return 'true_limit'
}

const windowIn = (text: string): WindowName | undefined =>
  /Your session limit/i.test(text)
    ? 'session'
    : /Your week(ly)? limit/i.test(text)
      ? 'week'
      : undefined
