import { findKeyByHash, type KeyOwner } from '../../operations/find-key.ts'
import { hashKey, keyPrefix } from '../../operations/issue-key.ts'
import { readCallerKey } from './caller-key.ts'
import { isStorageAway } from '../hold/end-hold.ts'
import type { Exchange, Gate } from '../gate.ts'
import { refuse } from '../refuse.ts'

export type KnownCaller = {
  readonly owner: KeyOwner
  readonly keyHash: string
  readonly isOauthStyle: boolean
}

/** Finds out who asks, and that they do not ask too fast. Answers the caller and nothing else when not. */
export async function admitCaller(
  gate: Gate,
  exchange: Exchange,
): Promise<KnownCaller | undefined> {
  const key = readCallerKey(exchange.caller.request.rawHeaders)
  if (key.kind !== 'key') {
    refuse(gate, exchange, { kind: 'unknown_key', problem: key.kind })
    return undefined
  }
  const keyHash = hashKey(key.keyText)
  const owner = await findOwner(gate, exchange, { keyText: key.keyText, keyHash })
  if (owner === undefined) return undefined
  const { fields } = exchange.trace
  fields.keyId = owner.keyId
  fields.customerId = owner.customerId
  fields.memberId = owner.memberId
  exchange.caller.isKnown = true
  gate.connections.prove(exchange.caller.response)
  const burst = gate.bursts.admit(owner.keyId)
  if (!burst.isAdmitted) {
    refuse(gate, exchange, { kind: 'too_fast', retryAfterMs: burst.retryAfterMs })
    return undefined
  }
  return { owner, keyHash, isOauthStyle: key.isOauthStyle }
}

/** Whether the key is still good: a revocation counts also for a request whose body or turn took long. */
export async function isKeyValid(gate: Gate, { keyHash }: KnownCaller): Promise<boolean> {
  return (await findKeyByHash(gate.parts, keyHash)) !== undefined
}

async function findOwner(
  gate: Gate,
  exchange: Exchange,
  { keyText, keyHash }: { readonly keyText: string; readonly keyHash: string },
): Promise<KeyOwner | undefined> {
  try {
    const owner = await findKeyByHash(gate.parts, keyHash)
    const problem = keyText.startsWith(keyPrefix) ? 'unknown' : 'foreign'
    if (owner === undefined) refuse(gate, exchange, { kind: 'unknown_key', problem })
    return owner
  } catch (error) {
    if (!isStorageAway(error)) throw error
    refuse(gate, exchange, { kind: 'limits_unavailable' })
    return undefined
  }
}
