import { z } from 'zod'
import type { ExtraUsageFigures, LimitFigures } from '../../core/decision.ts'
import type { ExplanationAnswer } from './answers.ts'
import type { Json } from './json.ts'

/** "Was I refused wrongly?": any text with an id in it, or without one. */
export const lookupSchema = z.strictObject({
  text: z.string('paste the refusal, or an id').trim().min(1, 'paste something').max(20_000),
})

export type LookupAnswer =
  | FoundDecision
  /** An id of ours that leads nowhere, and why that can be. */
  | { readonly kind: 'unknown'; readonly headline: string; readonly advice: string }
  /** Another service's words, or nothing that can be looked up. */
  | {
      readonly kind: 'not_ours'
      readonly headline: string
      readonly advice: string
      /** A command that judges refusals of other services. */
      readonly command: string
    }

export type FoundDecision = {
  readonly kind: 'decision'
  readonly decisionId: string
  readonly answer: 'rightly_refused' | 'wrongly_refused' | 'admitted' | 'wrongly_admitted'
  /** The answer in a sentence. */
  readonly headline: string
  readonly explanation: ExplanationAnswer
  /** Of a request that was admitted. */
  readonly holdId: string | null
  readonly comparison: Comparison
  /** What pays for such a request now, in a sentence. */
  readonly nowSentence: string
  /** The member has reported it already. */
  readonly isReported: boolean
  readonly currencySymbol: string
}

/** The figures that the decision read, and those of now. */
export type Comparison = {
  readonly thenAtMs: number
  readonly nowAtMs: number
  readonly limits: readonly {
    readonly title: string
    readonly unit: LimitFigures['unit']
    readonly before: LimitThen
    /** Null where the plan has no such limit any more. */
    readonly now: LimitThen | null
  }[]
  readonly extraUsage: {
    readonly before: Json<ExtraUsageFigures>
    readonly now: Json<ExtraUsageFigures>
  }
}
export type LimitThen = Pick<Json<LimitFigures>, 'used' | 'held' | 'amount' | 'resetMs'>

export const reportSchema = z.strictObject({
  decisionId: z.string().trim().min(1).max(2000),
  /** What the member wants to add. */
  note: z.string().trim().max(500, 'a note has at most 500 characters').default(''),
})

/** A refusal to hand on: no key, no name, no prompt in it. */
export type ReportAnswer = {
  /** False where the member had reported this decision before. */
  readonly isNew: boolean
  readonly text: string
  readonly bundle: Readonly<Record<string, unknown>>
}
