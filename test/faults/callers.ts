import { customerId, memberId, operationId } from '../../src/core/ids.ts'
import {
  StorageUnavailableError,
  type MemberScope,
  type Storage,
} from '../../src/storage/storage.ts'
import { freshId, systemRandom } from '../../src/system/random.ts'
import {
  ann,
  authorizing,
  bob,
  furnish,
  open,
  seat,
  settle,
  topUp,
  voidHold,
  zoe,
} from '../contract/accounts.ts'
import type { Promised } from './promises.ts'

/**
 * Many callers at once who do what a gateway does: place a hold, then settle it, void it, or forget it; now and
 * then somebody tops up. All that they are told is noted, at the moment at which they are told.
 */
export type Callers = {
  readonly count: number
  /** Each caller comes so often; for ever when it is left out. */
  readonly rounds?: number
  readonly onPromise: (promised: Promised) => void
  /** Something other than "unavailable" or an answer. */
  readonly onWrong: (what: string) => void
  /** The storage is away: time passes before the next attempt. */
  readonly onAway: () => Promise<void>
}

/** Two members of a customer whose money pays one request at a time: what one of them holds refuses the other. */
export const tim: MemberScope = { customerId: customerId('tight'), memberId: memberId('tim') }
const tom: MemberScope = { customerId: customerId('tight'), memberId: memberId('tom') }
const tightNanos = 700n

export async function furnishAll(storage: Storage): Promise<void> {
  await furnish(storage)
  await open(storage, tim.customerId)
  await seat(storage, tim, 'spent')
  await seat(storage, tom, 'spent')
  const { customerId: tight } = tim
  await topUp(storage, { id: 'tight', amountNanos: tightNanos, customerId: tight })
}

export async function callAll(storage: Storage, callers: Callers): Promise<void> {
  const scopes = [ann, bob, zoe, tim, tom]
  const each = Array.from({ length: callers.count }, async (_, index) => {
    const scope = scopes[index % scopes.length] ?? ann
    for (let round = 0; round < (callers.rounds ?? Infinity); round += 1) {
      await callOnce(storage, callers, { scope, round })
    }
  })
  await Promise.all(each)
}

async function callOnce(
  storage: Storage,
  callers: Callers,
  { scope, round }: { readonly scope: MemberScope; readonly round: number },
): Promise<void> {
  const { onPromise } = callers
  if (round % 3 === 1) await topUpUntilDone(storage, callers)
  const id = freshId(systemRandom, 'hold')
  const decided = await placeHold(storage, callers, { scope, id })
  if (decided === 'away') return callers.onAway()
  onPromise(decided)
  const isTight = scope.customerId === tim.customerId
  if (decided.kind === 'denied') {
    if (!isTight) callers.onWrong(`${id} was refused although there was room`)
    return
  }
  // Every fifth request is still running when the process dies. Who is tight gives all back.
  if (round % 5 === 4 && !isTight) return
  if (round % 5 === 3 || isTight) {
    await untilDone(callers, () => voidHold(storage, scope, id))
    onPromise({ kind: 'voided', scope, id })
  } else {
    await untilDone(callers, () => settle(storage, scope, id))
    onPromise({ kind: 'settled', scope, id })
  }
}

/** A gateway never asks twice with one hold: whoever is told "unavailable" asks again with another. */
async function placeHold(
  storage: Storage,
  callers: Callers,
  { scope, id }: { readonly scope: MemberScope; readonly id: string },
): Promise<Promised | 'away'> {
  try {
    return await storage.update(scope, (account, context) => {
      const { answer, entries } = authorizing(storage, scope, id)(account, context)
      const { position, nowMs } = context
      const promised: Promised =
        answer.kind === 'allow'
          ? { kind: 'held', scope, id }
          : { kind: 'denied', scope, id, position, nowMs }
      return { answer: promised, entries }
    })
  } catch (error) {
    noteWrong(callers, error)
    return 'away'
  }
}

async function topUpUntilDone(storage: Storage, callers: Callers): Promise<void> {
  const id = freshId(systemRandom, 'topup')
  const once = {
    operationId: operationId(id),
    operationDigest: id,
    answerAgain: () => 'topped up before',
  }
  await untilDone(callers, () => topUp(storage, { id, amountNanos: 1000n }, once))
  callers.onPromise({ kind: 'topped_up', customerId: ann.customerId, id })
}

/** Far more than any fault here lasts. */
const attemptsMax = 1000

async function untilDone(callers: Callers, act: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    try {
      await act()
      return
    } catch (error) {
      noteWrong(callers, error)
      await callers.onAway()
    }
  }
  throw new Error('The storage never came back')
}

function noteWrong(callers: Callers, error: unknown): void {
  if (error instanceof StorageUnavailableError) return
  callers.onWrong(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
