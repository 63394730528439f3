import type { KeyOwner } from '../../operations/find-key.ts'
import type { Exchange, Gate } from '../gate.ts'
import { refuse, refuseBody } from '../refuse.ts'
import { readBody } from './body.ts'

/** A body in the room of its member; whoever gets one gives its bytes back when the request is over. */
export type OwnedBody = { readonly body: Buffer; readonly owner: string }

const retryAfterMs = 1000

/** Whether this key may have one more request under way here; answers the caller when not. */
export function takePlace(gate: Gate, exchange: Exchange, { keyId }: KeyOwner): boolean {
  if (gate.keyPlaces.take(keyId)) return true
  refuse(gate, exchange, { kind: 'too_fast', retryAfterMs })
  return false
}

/** Reads the body whole; answers the caller when it cannot be. */
export async function readOwnedBody(
  gate: Gate,
  exchange: Exchange,
  { customerId, memberId }: KeyOwner,
): Promise<OwnedBody | undefined> {
  const owner = `${customerId} ${memberId}`
  const { bodyBytesMax } = gate.settings
  const read = await readBody(exchange.caller, { bodyBytesMax, room: gate.bodyRoom, owner })
  if (read.kind === 'body') return { body: read.body, owner }
  refuseBody(gate, exchange, read.kind)
  return undefined
}
