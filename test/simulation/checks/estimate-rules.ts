import type { Usage } from '../../../src/core/usage.ts'

/** No model is believed to need fewer tokens for its text. */
const leastTokensPerByte = 0.05

type Reported = Readonly<Record<string, unknown>>
type Event = {
  readonly type?: string
  readonly message?: { readonly usage?: Reported }
  readonly delta?: { readonly text?: string }
}

/**
 * An estimate takes what was reported of the input as it was, and counts at least so much output as its caller has
 * read. What is wrong with one; null when nothing is.
 */
export function faultOfEstimate(
  usage: Usage,
  { delivered, maxTokens }: { readonly delivered: string; readonly maxTokens: number },
): string | null {
  const events = eventsIn(delivered)
  const reported = events.find(({ type }) => type === 'message_start')?.message?.usage
  const input = Number(reported?.['input_tokens'] ?? 0)
  const cached = Number(reported?.['cache_read_input_tokens'] ?? 0)
  if ((usage.input ?? 0) < input) return `an input of ${usage.input}, and ${input} were reported`
  if (input >= 0 && (usage.cache_read ?? 0) < cached)
    return `${usage.cache_read} read from a cache, and ${cached} were reported`
  const bytes = events.reduce((sum, { delta }) => sum + (delta?.text?.length ?? 0), 0)
  const least = Math.min(maxTokens, Math.ceil(bytes * leastTokensPerByte))
  return (usage.output ?? 0) < least
    ? `an output of ${usage.output} for ${bytes} bytes of text`
    : null
}

/** Of an answer that breaks off, the events that came whole. */
function eventsIn(text: string): readonly Event[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((event) => {
      const [, data] = /(?:^|\n)data: (.*)$/.exec(event) ?? []
      return data === undefined ? [] : (JSON.parse(data) as Event)
    })
}
