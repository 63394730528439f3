import { useState } from 'react'
import type { SessionAnswer } from '../../src/admin/contract/session.ts'
import { ApiFailure, newIdempotencyKey, write } from './api.ts'
import { forgetKey } from './credential.ts'
import { queries } from './queries.ts'

/** Coming in: the answer is who is at the console now, and everything on screen is read anew for that one. */
export function useComingIn<Body>(path: string) {
  const [isPending, setPending] = useState(false)
  const [failure, setFailure] = useState<ApiFailure | null>(null)
  const comeIn = async (body: Body): Promise<boolean> => {
    setPending(true)
    setFailure(null)
    try {
      const session = await write<SessionAnswer>(path, {
        body,
        idempotencyKey: newIdempotencyKey(),
      })
      forgetKey()
      queries.setQueryData(['session', null], session)
      // What does not change with the account was read, and a link that was used now would read as a false one.
      void queries.invalidateQueries({
        predicate: ({ meta, state }) => meta?.live !== 'never' || state.status === 'error',
      })
      return true
    } catch (error) {
      setFailure(ApiFailure.of(error))
      return false
    } finally {
      setPending(false)
    }
  }
  return { comeIn, isPending, failure }
}

/** What the answer says about one field, to stand beside it. */
export const problemOf = (failure: ApiFailure | null, field: string): string | null => {
  const message = failure?.problems.find(({ path }) => path === field)?.message
  return message === undefined ? null : `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
}
