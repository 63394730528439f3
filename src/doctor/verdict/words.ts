import { windowTitles } from './evidence.ts'
import type { Verdict, VerdictCode } from './verdict.ts'

/** A verdict in a sentence or two. Moments are written by whoever knows the reader's clock. */
export function headline(verdict: Verdict, moment: (atMs: number) => string): string {
  const { limit, ruling } = verdict
  if (ruling === 'possibly_false' && verdict.evidence.some(({ source }) => source !== undefined)) {
    return 'Possibly false: the figures so far do not settle it, and the message alone proves nothing.'
  }
  if (ruling !== 'true_limit' || limit === undefined) return sentences[ruling]
  const which = limit.window === undefined ? 'limit' : windowTitles[limit.window]
  if (limit.isOver) return `A true limit, and it is over: your ${which} has reset since.`
  const when = limit.resetsAtMs === undefined ? '' : ` It resets ${moment(limit.resetsAtMs)}.`
  return `A true limit: your ${which} is used up.${when}`
}

const sentences: Readonly<Record<VerdictCode, string>> = {
  true_limit: 'A true limit: your plan is used up for now.',
  out_of_balance:
    'Out of balance: no money is left for extra usage. The balance is the money that is there; a cap with room is not.',
  cap_reached: 'Your spend cap is reached. The balance may still hold money.',
  extra_usage_off: 'Extra usage is switched off, and the plan has no room.',
  false_refusal:
    'A FALSE REFUSAL: your figures contradict the message. Your limits have room or extra usage can pay; this is not about your usage.',
  possibly_false:
    'Possibly false: it cannot be told without figures. The message alone proves nothing.',
  long_context:
    'Not a quota: the long (1M) context is not allowed to this account. Your usage is not the matter.',
  request_or_client:
    'Refused for what the request contained, or for the client or its version. Not for your usage.',
  organisation: 'A setting of your organisation or seat forbids it. Not your usage.',
  burst: 'Too much at once: a passing brake, not your plan limit.',
  server_trouble: 'Trouble at the service: it failed or is overloaded. Not your usage.',
  sign_in: 'The sign-in or key is not accepted. Not your usage.',
  connection: 'The connection failed. Not your usage.',
  unknown: 'This message is not known here, so nothing is claimed about it.',
  no_refusal: 'No refusal was found.',
}

export const confidenceText = {
  high: 'sure',
  medium: 'fairly sure',
  low: 'unsure',
} as const satisfies Readonly<Record<Verdict['confidence'], string>>
