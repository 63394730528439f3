import type { FigureName, Source, WindowName } from './evidence.ts'

/** What came of judging. The codes are stable: scripts rely on them, and docs/doctor.md lists them. */
export const verdictCodes = [
  'true_limit',
  'out_of_balance',
  'cap_reached',
  'extra_usage_off',
  'false_refusal',
  'possibly_false',
  'long_context',
  'request_or_client',
  'organisation',
  'burst',
  'server_trouble',
  'sign_in',
  'connection',
  'unknown',
  'no_refusal',
] as const
export type VerdictCode = (typeof verdictCodes)[number]

export type Confidence = 'high' | 'medium' | 'low'

export type Verdict = {
  readonly ruling: VerdictCode
  readonly confidence: Confidence
  /** The limit that binds, where one does. */
  readonly limit: BindingLimit | undefined
  readonly evidence: readonly EvidenceLine[]
  /** Figures that would make the verdict surer. */
  readonly missing: readonly FigureName[]
  /** A Plimsoll gateway refused, and can prove why. */
  readonly decisionId: string | undefined
}

export type BindingLimit = {
  readonly window: WindowName | undefined
  readonly resetsAtMs: number | undefined
  /** It has reset since: the next request should pass. */
  readonly isOver: boolean
}

export type EvidenceLine = {
  readonly side: 'for' | 'against' | 'note'
  readonly text: string
  readonly source: Source | undefined
  readonly atMs: number | undefined
}
