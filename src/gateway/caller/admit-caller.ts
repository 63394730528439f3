import { findKey, type KeyOwner } from '../../operations/find-key.ts'
import { keyPrefix } from '../../operations/issue-key.ts'
import { readCallerKey } from './caller-key.ts'
import { isStorageAway } from '../hold/end-hold.ts'
import type { Exchange, Gate } from '../gate.ts'
import { refuse } from '../refuse.ts'

export type KnownCaller = {
  readonly owner: KeyOwner
  readonly keyText: string
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
  const owner = await findOwner(gate, exchange, key.keyText)
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
  const { keyText, isOauthStyle } = key
  return { owner, keyText, isOauthStyle }
}

/** Whether the key is still good: a revocation counts also for a request whose body or turn took long. */
export async function isKeyValid(gate: Gate, { keyText }: KnownCaller): Promise<boolean> {
  return (await findKey(gate.parts, keyText)) !== undefined
}

async function findOwner(
  gate: Gate,
  exchange: Exchange,
  keyText: string,
): Promise<KeyOwner | undefined> {
  try {
    const owner = await findKey(gate.parts, keyText)
    const problem = keyText.startsWith(keyPrefix) ? 'unknown' : 'foreign'
    if (owner === undefined) refuse(gate, exchange, { kind: 'unknown_key', problem })
    return owner
  } catch (error) {
    if (!isStorageAway(error)) throw error
    refuse(gate, exchange, { kind: 'limits_unavailable' })
    return undefined
  }
}
