import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiFailure } from './api.ts'
import { credential, forgetKey } from './credential.ts'

/**
 * One cache of what was read. Everything that is on screen is asked for anew when the server says that something
 * changed (live.ts), and never older than a minute. A query says in its `meta` where it differs:
 *
 *   meta: { live: 'never' }     does not change with the account, such as prices
 *   meta: { everyMs: 2000 }     is long: ask at most this often
 */
declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: { readonly live?: 'never'; readonly everyMs?: number }
  }
}

/** An answer takes at most 20 s more (api.ts): then it has come, or the page says that it is stale. */
export const oldestMs = 40_000
const attemptsMax = 3

export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => leaveWhenRefused(error, query.queryKey[0]),
  }),
  mutationCache: new MutationCache({ onError: (error) => leaveWhenRefused(error, 'command') }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchInterval: oldestMs,
      refetchOnWindowFocus: true,
      // A "no" stays one; only an answer that did not come is worth asking for again.
      retry: (failures, error) => ApiFailure.of(error).isOutage && failures < attemptsMax,
      retryDelay: (failures) => Math.min(8000, 500 * 2 ** failures),
      // The browser's idea of being offline is wrong on a machine that is its own server.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

/** What one reader was shown is not shown to the next, also not for the moment that an answer takes. */
export function forgetWhatWasRead(): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
}

/** A session that ended, or a key that was revoked: nothing on the page may stay. */
function leaveWhenRefused(error: unknown, asked: unknown): void {
  const failure = ApiFailure.of(error)
  if (failure.status !== 401) return
  const isByKey = credential.get() !== null
  if (!isByKey && asked !== 'session') void queries.invalidateQueries({ queryKey: ['session'] })
  if (isByKey) forgetKey(`${failure.message} ${failure.remedy}`)
}
