import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { newIdempotencyKey, write } from './api.ts'
import { queries } from './queries.ts'

/**
 * One kind of write. `run` sends it and throws an `ApiFailure` where it fails; `send` says whether it was done, and
 * `failure` why not. A command that failed for want of an
 * answer keeps its idempotency key, so that pressing again does it once; the next one has a new key. What is on
 * screen is read anew afterwards, before `run` is done.
 */
export function useCommand<Body, Answer = unknown>(path: string | ((body: Body) => string)) {
  const kept = useRef<{ readonly text: string; readonly key: string } | null>(null)
  const mutation = useMutation({
    mutationFn: async (body: Body): Promise<Answer> => {
      const relative = typeof path === 'string' ? path : path(body)
      const text = `${relative} ${JSON.stringify(body)}`
      if (kept.current?.text !== text) kept.current = { text, key: newIdempotencyKey() }
      const answer = await write<Answer>(relative, { body, idempotencyKey: kept.current.key })
      kept.current = null
      await queries.invalidateQueries()
      return answer
    },
  })
  return {
    run: mutation.mutateAsync,
    send: (body: Body, onDone: (answer: Answer) => void): void =>
      // What went wrong is in `failure`.
      mutation.mutate(body, { onSuccess: onDone }),
    isPending: mutation.isPending,
    failure: mutation.error,
    reset: mutation.reset,
  }
}
