import { useSyncExternalStore } from 'react'
import { useSearchParams } from 'wouter'

/**
 * Addresses stand behind `#`, with their query: `#/history?model=claude`. The router is told of the path and of the
 * query by the two hooks here, and pages keep filters and selections with `useFilters`.
 */
const current = (): string => location.hash.replace(/^#?\/?/, '/')

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

type Going = { readonly replace?: boolean }

/** Goes to an address of the console, such as "/history?model=claude". */
export function go(to: string, { replace = false }: Going = {}): void {
  const before = location.href
  const next = new URL(`#${to.replace(/^#/, '')}`, before).href
  if (next === before) return
  if (replace) history.replaceState(history.state, '', next)
  else history.pushState(null, '', next)
  dispatchEvent(new HashChangeEvent('hashchange', { oldURL: before, newURL: next }))
}

function usePath(): [string, typeof go] {
  return [useSyncExternalStore(subscribe, () => current().split('?')[0] ?? '/'), go]
}
usePath.hrefs = (path: string): string => `#${path}`

/** For the router: the path of the address. */
export const useAddressPath = usePath

/** For the router: the query of the address. */
export const useAddressSearch = (): string =>
  useSyncExternalStore(subscribe, () => current().split('?')[1] ?? '')

/**
 * The filters of a page as its address has them. What is empty is left out. Changes replace the address: the way back
 * leads to the page before, not through every letter that was typed.
 */
export function useFilters(): {
  readonly get: (name: string) => string
  readonly set: (changes: Readonly<Record<string, string>>) => void
  readonly all: URLSearchParams
} {
  const [all, setAll] = useSearchParams()
  return {
    all,
    get: (name) => all.get(name) ?? '',
    set: (changes) =>
      setAll(
        (before) => {
          const next = new URLSearchParams(before)
          for (const [name, value] of Object.entries(changes)) {
            if (value === '') next.delete(name)
            else next.set(name, value)
          }
          return next
        },
        { replace: true },
      ),
  }
}
