import { useQuery } from '@tanstack/react-query'
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { SessionAnswer } from '../../src/admin/contract/session.ts'
import { read } from './api.ts'
import { credential } from './credential.ts'

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

const SessionContext = createContext<SignedIn | null>(null)
export const SessionProvider = SessionContext.Provider

/** The session of a reader who is signed in; pages are shown to nobody else. */
export function useSession(): SignedIn {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('A page was shown to somebody who is not signed in.')
  return session
}
