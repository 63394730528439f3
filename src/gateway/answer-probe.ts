import type { ReadinessAnswer } from '../operations/readiness.ts'
import type { Exchange } from './gate.ts'

/** What supervisors and balancers ask without a key: nothing about any account is in it. */
export function answerProbe(
  { caller }: Pick<Exchange, 'caller'>,
  answer: ReadinessAnswer | { readonly status: 'live' },
): void {
  const { response } = caller
  if (response.destroyed) return
  const body = Buffer.from(`${JSON.stringify(answer)}\n`)
  response.writeHead(answer.status === 'not_ready' ? 503 : 200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': body.length,
  })
  response.end(body)
}
