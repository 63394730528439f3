import { useRef, useState } from 'react'
import { ApiFailure, newIdempotencyKey, open } from './api.ts'
import { queries } from './queries.ts'

/**
 * Work that takes minutes and says how far it is, in lines of JSON: progress, then a report or a failure. It goes on
 * at the server when the page is left; only its report is then told to nobody but the audit log.
 */
export type LongWork<Progress, Report> =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly progress: Progress | null }
  | { readonly state: 'done'; readonly report: Report }
  | { readonly state: 'failed'; readonly failure: ApiFailure }

type Line<Progress, Report> =
  | ({ readonly kind: 'progress' } & Progress)
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'failure'; readonly error: ConstructorParameters<typeof ApiFailure>[0] }

export function useLongWork<Progress, Report>(
  path: string,
): {
  readonly work: LongWork<Progress, Report>
  readonly start: (body: unknown) => Promise<void>
} {
  const [work, setWork] = useState<LongWork<Progress, Report>>({ state: 'idle' })
  const isRunning = useRef(false)
  const start = async (body: unknown): Promise<void> => {
    if (isRunning.current) return
    isRunning.current = true
    setWork({ state: 'running', progress: null })
    try {
      for await (const line of linesOf<Line<Progress, Report>>(path, body)) {
        if (line.kind === 'progress') setWork({ state: 'running', progress: line })
        else if (line.kind === 'report') setWork({ state: 'done', report: line.report })
        else throw new ApiFailure(line.error, 500)
      }
    } catch (error) {
      setWork({ state: 'failed', failure: ApiFailure.of(error) })
    } finally {
      isRunning.current = false
      await queries.invalidateQueries()
    }
  }
  return { work, start }
}

async function* linesOf<Line extends { readonly kind: string }>(
  path: string,
  body: unknown,
): AsyncGenerator<Line> {
  const response = await open(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': newIdempotencyKey() },
    body: JSON.stringify(body),
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  let isWhole = false
  while (reader !== undefined) {
    const { value, done } = await reader.read()
    if (done) break
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      const line = JSON.parse(text) as Line
      isWhole = line.kind !== 'progress'
      yield line
    }
  }
  if (isWhole) return
  const message = 'The server broke off before it was done.'
  throw new ApiFailure(
    { code: 'no_answer', message, remedy: 'See the audit log, or try again.' },
    0,
  )
}
