import { admitCaller } from './caller/admit-caller.ts'
import { answerUnsent } from './reply/answer-unsent.ts'
import { readBody } from './caller/body.ts'
import { createAttempts } from './reply/attempts.ts'
import type { Exchange, Gate } from './gate.ts'
import { lastWords, refuseBody } from './refuse.ts'
import { startRelay } from './reply/relay.ts'

/**
 * Requests that cost nothing: token counts and the list of models. They need a key and are passed on;
 * limits and money never stand in their way.
 */
export async function forwardUncharged(gate: Gate, exchange: Exchange): Promise<void> {
  const known = await admitCaller(gate, exchange)
  if (known === undefined) return
  const { request } = exchange.caller
  if (request.method !== 'POST') return relayUncharged(gate, exchange, null)
  const { bodyBytesMax } = gate.settings
  const read = await readBody(request, { bodyBytesMax, room: gate.bodyRoom })
  if (read.kind !== 'body') return refuseBody(gate, exchange, read.kind)
  try {
    await relayUncharged(gate, exchange, read.body)
  } finally {
    gate.bodyRoom.giveBack(read.body.length)
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
