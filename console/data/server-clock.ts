import { useSyncExternalStore } from 'react'

/**
 * The server's clock. Countdowns run on it: a reader's machine may be minutes off. `useNow` ticks once a second for
 * everything on the page together.
 */
let aheadMs: number | null = null
let isExact = false
let nowMs = Date.now()
const listeners = new Set<() => void>()

export const serverNowMs = (): number => Date.now() + (aheadMs ?? 0)

/** A moment that the server read just before it answered. */
export function noteServerTime(atMs: number): void {
  aheadMs = atMs - Date.now()
  isExact = true
  tick()
}

/** The header of any answer; to the second only, so it counts until something better comes. */
export function noteServerDate(header: string | null): void {
  if (isExact || header === null) return
  const atMs = Date.parse(header)
  if (Number.isFinite(atMs)) aheadMs = atMs + 500 - Date.now()
}

/** The server's clock as of this second; the component is drawn anew with each. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => nowMs)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tick(): void {
  nowMs = serverNowMs()
  for (const listener of listeners) listener()
}

setInterval(tick, 1000)
