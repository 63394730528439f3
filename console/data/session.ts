import { useQuery } from '@tanstack/react-query'
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { SessionAnswer } from '../../src/admin/contract/session.ts'
import type { UsageAnswer } from '../../src/admin/contract/answers.ts'
import { ApiFailure, read } from './api.ts'
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
    queryFn: ({ signal }) => readSession(key, signal),
    meta: { everyMs: 30_000 },
    staleTime: 30_000,
  })
}

async function readSession(key: string | null, signal: AbortSignal): Promise<SessionAnswer> {
  try {
    return await read<SessionAnswer>('session', signal)
  } catch (error) {
    const { code } = ApiFailure.of(error)
    if (!['operator_only', 'not_found', 'credential_missing'].includes(code)) throw error
    return key === null ? { kind: 'signed_out' } : sessionByKey(signal)
  }
}

/** A server that tells nothing about sessions still knows keys. */
async function sessionByKey(signal: AbortSignal): Promise<SessionAnswer> {
  const { customer, member, currencySymbol } = await read<UsageAnswer>('me/usage', signal)
  return {
    kind: 'signed_in',
    by: 'key',
    role: 'member',
    email: null,
    name: null,
    customer,
    member,
    currencySymbol,
    version: '',
    hasDemoWorld: false,
  }
}

const SessionContext = createContext<SignedIn | null>(null)
export const SessionProvider = SessionContext.Provider

/** The session of a reader who is signed in; pages are shown to nobody else. */
export function useSession(): SignedIn {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('A page was shown to somebody who is not signed in.')
  return session
}
