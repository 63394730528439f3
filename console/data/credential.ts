/**
 * A member's key, for readers without an account. It stays in this tab's session storage. With an account there is a
 * cookie instead, which no script can read.
 */
const storedName = 'plimsoll-key'
const listeners = new Set<() => void>()

/** Why the last key was forgotten, for the page on which the next one is asked for. */
let farewell: string | null = null

export const credential = {
  get: (): string | null => sessionStorage.getItem(storedName),
  farewell: (): string | null => farewell,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

export function enterKey(key: string): void {
  farewell = null
  sessionStorage.setItem(storedName, key)
  tell()
}

/** @param reason Said to the reader on the page that asks for a key. */
export function forgetKey(reason: string | null = null): void {
  farewell = reason
  sessionStorage.removeItem(storedName)
  tell()
}

/**
 * Takes a key out of the address (`#plim_…`, as the server prints it at its start), so that it stays in no bookmark
 * and no screenshot. A key is letters, which no browser encodes; whatever else stands there is an address.
 */
export function takeKeyFromAddress(): boolean {
  const key = location.hash.replace(/^#\/?/, '')
  if (!key.startsWith('plim_')) return false
  history.replaceState(null, '', `${location.pathname}${location.search}#/`)
  enterKey(key)
  return true
}

function tell(): void {
  for (const listener of listeners) listener()
}
