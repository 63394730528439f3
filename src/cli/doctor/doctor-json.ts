import type { Figure } from '../../doctor/verdict/evidence.ts'
import { isWindowFigure } from '../../doctor/verdict/evidence.ts'
import type { LocalUsage } from '../../doctor/figures/local-usage.ts'
import type { Examination, Finding } from '../../doctor/examine.ts'
import { headline } from '../../doctor/verdict/words.ts'

/** What `doctor --json` prints; docs/doctor.md describes it. Moments are UTC milliseconds, amounts digits of nanos. */
export function doctorJson(
  finding: Finding,
  found: Examination,
  more: { readonly checkpoint: unknown; readonly estimate?: LocalUsage | undefined },
): unknown {
  const { checkpoint, estimate } = more
  const { verdict, refusal, steps, figures } = found
  const iso = (atMs: number): string => new Date(atMs).toISOString()
  const { limit } = verdict
  return {
    atMs: found.atMs,
    verdict: verdict.ruling,
    confidence: verdict.confidence,
    sentence: headline(verdict, iso),
    limit:
      limit === undefined
        ? null
        : { ...limit, window: limit.window ?? null, resetsAtMs: limit.resetsAtMs ?? null },
    decisionId: verdict.decisionId ?? null,
    answeredAtMs: found.answeredAtMs ?? null,
    refusal: refusal ?? null,
    figures: figures.map(figureJson),
    missingFigures: verdict.missing,
    evidence: verdict.evidence,
    steps,
    rescue: {
      lastPrompt: finding.session?.lastPrompt ?? null,
      queuedPrompts: finding.session?.queuedPrompts ?? [],
      checkpoint,
    },
    estimate: estimate === undefined ? null : estimateJson(estimate),
    transcript: finding.path ?? null,
    looked: finding.looked,
  }
}

function figureJson(figure: Figure): object {
  if (isWindowFigure(figure) || figure.name === 'extra_usage') return figure
  return { ...figure, amountNanos: figure.amountNanos?.toString() ?? null }
}

const estimateJson = ({ sessions, ...rest }: LocalUsage): object => ({
  ...rest,
  sessions: sessions === null ? null : { ...sessions, costNanos: sessions.costNanos.toString() },
})
