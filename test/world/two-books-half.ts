import type { Clock } from '../../src/system/clock.ts'
import { readReply, type Half, type Reply, type UsageShown } from './half.ts'
import { requestBody, type Prompt } from './seat.ts'
import type { TwoBooks } from './two-books.ts'
import { openTwoBooks } from './two-books-server.ts'

export type HalfParts = {
  readonly clock: Clock
  readonly weekStartMs: number
  readonly upstreamUrl: string
}

/** The simulated service with a subscriber who uses it as users do: over HTTP only. */
export type TwoBooksHalf = Half & {
  readonly url: string
  readonly service: TwoBooks
  close(): Promise<void>
}

export async function openTwoBooksHalf(parts: HalfParts): Promise<TwoBooksHalf> {
  const server = await openTwoBooks({
    nowMs: () => parts.clock.wallMs(),
    weekStartMs: parts.weekStartMs,
    upstreamUrl: parts.upstreamUrl,
  })
  const { url, service } = server
  let token = ''
  const half: TwoBooksHalf = {
    url,
    service,
    close: () => server.close(),
    async send(prompt: Prompt): Promise<Reply> {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      const body = requestBody(prompt)
      return readReply(await fetch(`${url}/v1/messages`, { method: 'POST', headers, body }))
    },
    async logIn(): Promise<string> {
      const response = await fetch(`${url}/login`, { method: 'POST' })
      token = ((await response.json()) as { token: string }).token
      return `${token.slice(0, 14)}…`
    },
    async readUsage(): Promise<UsageShown> {
      return (await (await fetch(`${url}/api/usage`)).json()) as UsageShown
    },
    async save(isOn: boolean): Promise<void> {
      await fetch(`${url}/settings/extra-usage`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ isOn }),
      })
    },
  }
  await half.logIn()
  return half
}
