import type { IncomingHttpHeaders } from 'node:http'
import { isFields, listOf, type DemoFields } from './demo-tokens.ts'

/**
 * What somebody wants the demo to do, beyond answering: fail in a certain way, write a certain number of
 * tokens. A header says it (`x-demo-fail: overloaded`), or the prompt itself (`demo-fail: overloaded`), so
 * that it can be asked for from inside any client.
 */
export const demoFailures = [
  'overloaded',
  '500',
  '429',
  '401',
  '402-credit',
  '400-credit',
  'cut-before-headers',
  'cut-mid-stream',
  'error-event',
  'no-usage',
  'bad-usage',
  'no-stop',
  'hang',
  'slow',
] as const
export type DemoFailure = (typeof demoFailures)[number]

export type Wishes = {
  readonly failure: DemoFailure | undefined
  readonly outputTokens: number | undefined
  readonly webSearches: number
}

const outputTokensMax = 1_000_000

export function readWishes(headers: IncomingHttpHeaders, request: DemoFields): Wishes {
  const prompt = promptOf(request)
  const wish = (name: string): string | undefined => {
    const header = headers[`x-demo-${name}`]
    if (typeof header === 'string') return header.trim().toLowerCase()
    return new RegExp(`\\bdemo-${name}: *([\\w-]+)`, 'i').exec(prompt)?.[1]?.toLowerCase()
  }
  const failure = wish('fail')
  return {
    failure: demoFailures.find((known) => known === failure),
    outputTokens: countOf(wish('output-tokens')),
    webSearches: countOf(wish('web-searches')) ?? 0,
  }
}

function countOf(text: string | undefined): number | undefined {
  const count = text === undefined ? Number.NaN : Number(text)
  return Number.isInteger(count) && count >= 0 ? Math.min(count, outputTokensMax) : undefined
}

/** What the person wrote last; clients put reminders of their own around it. */
export function promptOf(request: DemoFields): string {
  const texts = lastUserBlocks(request).map((block) => (isFields(block) ? block['text'] : block))
  const said = texts.filter((text) => typeof text === 'string')
  return said.findLast((text) => text !== '' && !text.startsWith('<system-reminder>')) ?? ''
}

export function lastUserBlocks(request: DemoFields): readonly unknown[] {
  const messages = listOf(request['messages']).filter((message) => isFields(message))
  const last = messages.findLast((message) => message['role'] === 'user')
  return listOf(last?.['content'])
}
