import { findPause } from '../operations/find-pause.ts'
import { admitCaller, type KnownCaller } from './caller/admit-caller.ts'
import { answerUnsent } from './reply/answer-unsent.ts'
import { createAttempts } from './reply/attempts.ts'
import { readOwnedBody, takePlace } from './caller/owned-body.ts'
import { isStorageAway } from './hold/end-hold.ts'
import type { Exchange, Gate } from './gate.ts'
import { lastWords, refuse } from './refuse.ts'
import { startRelay } from './reply/relay.ts'

/**
 * Requests that cost nothing: token counts and the list of models. They need a key and are passed on;
 * limits and money never stand in their way, a pause does.
 */
export async function forwardUncharged(gate: Gate, exchange: Exchange): Promise<void> {
  const known = await admitCaller(gate, exchange)
  if (known === undefined || !takePlace(gate, exchange, known.owner)) return
  try {
    if (await isPaused(gate, exchange, known)) return
    if (exchange.caller.request.method === 'POST') await forwardBody(gate, exchange, known)
    else await relayUncharged(gate, exchange, null)
  } finally {
    gate.keyPlaces.giveBack(known.owner.keyId)
  }
}

async function isPaused(gate: Gate, exchange: Exchange, { owner }: KnownCaller): Promise<boolean> {
  try {
    const pause = await findPause(gate.parts, owner)
    if (pause !== null) refuse(gate, exchange, { kind: pause })
    return pause !== null
  } catch (error) {
    if (!isStorageAway(error)) throw error
    refuse(gate, exchange, { kind: 'limits_unavailable' })
    return true
  }
}

async function forwardBody(gate: Gate, exchange: Exchange, { owner }: KnownCaller): Promise<void> {
  const read = await readOwnedBody(gate, exchange, owner)
  if (read === undefined) return
  try {
    await relayUncharged(gate, exchange, read.body)
  } finally {
    gate.bodyRoom.giveBack(read.owner, read.body.length)
  }
}

async function relayUncharged(gate: Gate, exchange: Exchange, body: Buffer | null): Promise<void> {
  const { caller, trace } = exchange
  const relay = startRelay({
    caller,
    upstream: gate.upstream,
    attempts: createAttempts(gate, exchange, body),
    ownHeaders: () => [],
    accountWords: () => lastWords(gate, 'upstream_account'),
    onPassed: () => {},
  })
  gate.relays.add(relay)
  try {
    const end = await relay.done
    trace.fields.outcome ??= end.how
    trace.fields.upstreamStatus = end.head?.status
    trace.fields.bytes = end.bytes
    answerUnsent(gate, exchange, { end, ownHeaders: () => [] })
  } finally {
    gate.relays.delete(relay)
  }
}
