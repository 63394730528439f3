import { useQuery } from '@tanstack/react-query'
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { SessionAnswer } from '../../src/admin/contract/session.ts'
import { read } from './api.ts'
import { credential, enterKey } from './credential.ts'
import { queries } from './queries.ts'

/** Who is at the console, as `GET /api/session` says for the cookie or the key. */
export type SignedIn = Extract<SessionAnswer, { kind: 'signed_in' }>

export function useKeyText(): string | null {
  return useSyncExternalStore(credential.subscribe, credential.get)
}

export function useSessionQuery() {
  const key = useKeyText()
  return useQuery({
    queryKey: ['session', key],
    queryFn: ({ signal }) => read<SessionAnswer>('session', signal),
    meta: { everyMs: 30_000 },
    staleTime: 30_000,
  })
}

/** The same reader goes on with another key of its own: who that is stays known, so nothing leaves the screen. */
export function exchangeKey(key: string): void {
  queries.setQueryData(['session', key], queries.getQueryData(['session', credential.get()]))
  enterKey(key)
}

const SessionContext = createContext<SignedIn | null>(null)
export const SessionProvider = SessionContext.Provider

/** The session of a reader who is signed in; pages are shown to nobody else. */
export function useSession(): SignedIn {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('A page was shown to somebody who is not signed in.')
  return session
}
