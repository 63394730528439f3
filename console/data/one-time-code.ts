import { useSyncExternalStore } from 'react'

/**
 * A code that came in the address: of the link that the server prints at its start (`#setup=…`), or of one that
 * somebody was sent (`#link=…`). It leaves the address at once, and stays in this tab until it was used.
 */
export type OneTimeCode = { readonly kind: 'setup' | 'link'; readonly code: string }

const storedName = 'plimsoll-code'
const listeners = new Set<() => void>()

export function takeCodeFromAddress(): void {
  const found = /^#\/?(setup|link)=([\w-]{1,200})$/.exec(location.hash)
  if (found === null) return
  history.replaceState(null, '', `${location.pathname}${location.search}#/`)
  sessionStorage.setItem(storedName, `${found[1]}=${found[2]}`)
  tell()
}

export function forgetCode(): void {
  sessionStorage.removeItem(storedName)
  tell()
}

export function useOneTimeCode(): OneTimeCode | null {
  const stored = useSyncExternalStore(subscribe, () => sessionStorage.getItem(storedName))
  const [kind, code] = stored?.split('=') ?? []
  return (kind === 'setup' || kind === 'link') && code !== undefined ? { kind, code } : null
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tell(): void {
  for (const listener of listeners) listener()
}
