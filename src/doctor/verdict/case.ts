import type { Refusal, WindowName } from './evidence.ts'
import type { RefusalKind } from './refusal-kind.ts'
import { resetInText } from './reset-in-text.ts'
import type { BindingLimit, EvidenceLine, Verdict } from './verdict.ts'
import type { Weighed } from './weigh-figures.ts'

/** One refusal with what its message says and what the figures say about it. */
export type Case = {
  readonly refusal: Refusal
  readonly nowMs: number
  readonly kind: RefusalKind
  readonly weighed: Weighed
}

/** A verdict with what most verdicts leave empty. */
export function verdict(
  found: Pick<Verdict, 'ruling' | 'confidence'> & Partial<Omit<Verdict, 'ruling' | 'confidence'>>,
): Verdict {
  return { limit: undefined, evidence: [], missing: [], decisionId: undefined, ...found }
}

export const note = (side: EvidenceLine['side'], text: string): EvidenceLine => ({
  side,
  text,
  source: undefined,
  atMs: undefined,
})

/** When the limit resets: by the service's fields, by a figure, or by the words of the message. */
export function limitOf(
  { refusal, weighed, nowMs }: Case,
  window: WindowName | undefined,
): BindingLimit {
  const figure = window === undefined ? undefined : weighed.windows.get(window)?.figure
  const resetsAtMs =
    refusal.quota?.resetsAtMs ??
    figure?.resetsAtMs ??
    resetInText(refusal.text, refusal.atMs ?? nowMs)
  return { window, resetsAtMs, isOver: resetsAtMs !== undefined && resetsAtMs <= nowMs }
}
