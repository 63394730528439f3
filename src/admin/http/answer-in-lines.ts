import type { Logger } from '../../system/logger.ts'
import { toJsonText } from './exchange.ts'
import { failureOf } from '../failures.ts'

/**
 * Answers with lines of JSON as long work goes on: it may take longer than a caller waits for a silent answer. What
 * the work says before its end are lines of progress; its answer, or its failure, is the last line.
 */
export function answerInLines(
  { logger, name }: { readonly logger: Logger; readonly name: string },
  work: (say: (progress: object) => void) => Promise<object>,
): Response {
  const encoder = new TextEncoder()
  let isRead = true
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const say = (line: object): void => {
        if (isRead) controller.enqueue(encoder.encode(`${toJsonText(line)}\n`))
      }
      try {
        say({
          kind: 'report',
          report: await work((progress) => say({ kind: 'progress', ...progress })),
        })
      } catch (error) {
        const { answer: failure, isBug } = failureOf(error)
        if (isBug)
          logger.error('long work of the admin API failed', { name, problem: String(error) })
        say({ kind: 'failure', error: failure.error })
      }
      if (isRead) controller.close()
    },
    cancel: () => {
      isRead = false
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
}
