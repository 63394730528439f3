import type { Query } from '@tanstack/react-query'
import { queries } from './queries.ts'

/**
 * Asks anew for what is on screen after a change. A change that comes while an answer is under way is asked for right
 * after it, never instead of it: a busy account would otherwise never be shown. Long answers wait their turn.
 */
export type Refresher = {
  /** Something may have changed. */
  change(): void
  /** Whether the last read of anything on screen failed. */
  hasFailed(): boolean
  close(): void
}

export function openRefresher(onRead: () => void): Refresher {
  const cache = queries.getQueryCache()
  const due = new Set<Query>()
  const askedAtMs = new WeakMap<Query, number>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const run = (): void => {
    clearTimeout(timer)
    let earliestMs = Infinity
    for (const query of due) {
      if (!query.isActive()) due.delete(query)
      else if (query.state.fetchStatus === 'idle') {
        const waitMs = (askedAtMs.get(query) ?? 0) + (query.meta?.everyMs ?? 0) - Date.now()
        if (waitMs > 0) earliestMs = Math.min(earliestMs, waitMs)
        else ask(query)
      }
    }
    if (Number.isFinite(earliestMs)) timer = setTimeout(run, earliestMs)
  }

  const ask = (query: Query): void => {
    due.delete(query)
    askedAtMs.set(query, Date.now())
    // How it went is in the cache, which tells everybody.
    query.fetch().catch(() => undefined)
  }

  const stopListening = cache.subscribe(({ type, query }) => {
    if (type === 'observerRemoved' || type === 'removed') onRead()
    if (type !== 'updated') return
    onRead()
    if (query.state.fetchStatus === 'idle' && due.size > 0) run()
  })

  return {
    change: () => {
      for (const query of cache.findAll({ type: 'active' })) {
        if (query.meta?.live !== 'never') due.add(query)
      }
      run()
    },
    hasFailed: () =>
      cache
        .findAll({ type: 'active' })
        .some(({ state }) => state.fetchFailureCount > 0 && state.data !== undefined),
    close: () => {
      clearTimeout(timer)
      stopListening()
    },
  }
}
