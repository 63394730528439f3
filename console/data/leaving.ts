import { useSyncExternalStore } from 'react'

/**
 * Whether the reader is on the way out. Nothing of the page may be there then: it would go on asking for what it is no
 * longer told, and take the end of the session for one that nobody wanted.
 */
let isLeaving = false
const listeners = new Set<() => void>()

export const useIsLeaving = (): boolean => useSyncExternalStore(subscribe, () => isLeaving)

export function setLeaving(is: boolean): void {
  isLeaving = is
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
