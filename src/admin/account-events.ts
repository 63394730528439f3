import type { CustomerId, MemberId } from '../core/ids.ts'
import type { Parts } from '../operations/parts.ts'
import { AdminFailure } from './failures.ts'

/**
 * Tells open pages that an account changed, by server-sent events. An event carries the journal position
 * and no figures: the page asks for those, so that there is one way to read them. Events are gathered, so
 * that a busy customer costs a page a few reads a second and not one per request.
 */
const gatherMs = 250
/** The operator's overview shows everybody's traffic, so it looks at most this often. */
const gatherAllMs = 1_000
const heartbeatMs = 15_000
export const streamsMax = 2000
/** One customer's pages leave room for those of the others, and for the operator's. */
const streamsPerCustomerMax = 1000
const streamsPerMemberMax = 16

type Subscriber = {
  /** Null hears of every customer. */
  readonly customerId: CustomerId | null
  readonly memberId: MemberId | null
  change(): void
  /** Ends the stream if its reader may not hear any more. */
  recheck(): void
  end(): void
}

export type AccountEvents = {
  /**
   * Answers with a stream that lives until the caller leaves, the key is revoked, or the server closes. Without a member
   * it is for whoever looks after the customer.
   */
  open(scope: {
    readonly customerId: CustomerId
    readonly memberId: MemberId | null
    readonly isStillAllowed: () => Promise<boolean>
  }): Response
  /** The same for whoever looks at everything: after any commit, and when `version` changed. */
  openForAll(watch: {
    readonly version: () => number
    readonly isStillAllowed: () => Promise<boolean>
  }): Response
  /** How many pages listen now. */
  readonly openCount: number
  /** Somebody's standing changed: whoever may not hear any more is cut off now. */
  recheck(): void
  close(): void
}

export function openAccountEvents({
  storage,
  clock,
}: Pick<Parts, 'storage' | 'clock'>): AccountEvents {
  const subscribers = new Set<Subscriber>()
  // A member's figures rest on the customer's shared rows too, so a change of either concerns it.
  const stopListening = storage.onCommit((changed) => {
    const customers = new Set(changed.map((scope) => scope.customerId))
    for (const subscriber of subscribers) {
      const { customerId } = subscriber
      if (customerId === null || customers.has(customerId)) subscriber.change()
    }
  })

  let isClosed = false
  const refuseTooMany = (owner: Pick<Subscriber, 'customerId' | 'memberId'>): void => {
    if (isClosed) throw new AdminFailure('stopping', 'The server is being stopped.')
    if (isFullFor(owner, subscribers)) {
      throw new AdminFailure('too_many_streams', 'Too many pages listen to this account.')
    }
  }
  const subscribe = (subscriber: Subscriber): (() => void) => {
    subscribers.add(subscriber)
    return () => subscribers.delete(subscriber)
  }
  const position = (): number => storage.durablePosition
  return {
    open: ({ customerId, memberId, isStillAllowed }) => {
      refuseTooMany({ customerId, memberId })
      return answerWith({
        name: 'account',
        gatherMs,
        clock,
        position,
        isStillAllowed,
        onOpen: (stream) => subscribe({ customerId, memberId, ...stream }),
      })
    },
    openForAll: ({ version, isStillAllowed }) => {
      refuseTooMany({ customerId: null, memberId: null })
      return answerWith({
        name: 'overview',
        gatherMs: gatherAllMs,
        clock,
        position,
        isStillAllowed,
        onOpen: (stream) => {
          const stopWatching = watchVersion({ clock, version, onChange: stream.change })
          const unsubscribe = subscribe({ customerId: null, memberId: null, ...stream })
          return () => {
            stopWatching()
            unsubscribe()
          }
        },
      })
    },
    get openCount() {
      return subscribers.size
    },
    recheck: () => subscribers.forEach((subscriber) => subscriber.recheck()),
    close: () => {
      isClosed = true
      stopListening()
      for (const subscriber of subscribers) subscriber.end()
    },
  }
}

function isFullFor(
  { customerId, memberId }: Pick<Subscriber, 'customerId' | 'memberId'>,
  subscribers: ReadonlySet<Subscriber>,
): boolean {
  const ofCustomer = [...subscribers].filter((other) => other.customerId === customerId)
  const own = ofCustomer.filter((other) => other.memberId === memberId)
  return (
    subscribers.size >= streamsMax ||
    ofCustomer.length >= streamsPerCustomerMax ||
    own.length >= streamsPerMemberMax
  )
}

/** Telemetry changes without a commit: a refusal writes nothing. */
function watchVersion(watch: {
  readonly clock: Parts['clock']
  readonly version: () => number
  readonly onChange: () => void
}): () => void {
  let seen = watch.version()
  let stop = (): void => undefined
  const look = (): void => {
    const version = watch.version()
    if (version !== seen) watch.onChange()
    seen = version
    stop = watch.clock.after(gatherAllMs, look)
  }
  stop = watch.clock.after(gatherAllMs, look)
  return () => stop()
}

const answerWith = (parts: StreamParts): Response =>
  new Response(openStream(parts), {
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
  })

type StreamParts = {
  readonly name: string
  readonly gatherMs: number
  readonly clock: Parts['clock']
  readonly position: () => number
  readonly isStillAllowed: () => Promise<boolean>
  readonly onOpen: (stream: Pick<Subscriber, 'change' | 'recheck' | 'end'>) => () => void
}

function openStream({
  name,
  gatherMs: everyMs,
  clock,
  position,
  isStillAllowed,
  onOpen,
}: StreamParts): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let release = (): void => undefined
  let stopGathering: (() => void) | undefined
  let stopHeartbeat = (): void => undefined
  let hasChanged = false
  let isOver = false

  const leave = (): void => {
    isOver = true
    release()
    stopGathering?.()
    stopHeartbeat()
  }

  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const send = (text: string): void => controller.enqueue(encoder.encode(text))
        const end = (): void => {
          if (isOver) return
          leave()
          controller.close()
        }
        const gather = (): void => {
          // A reader that does not take what was sent gets the newest position once it does.
          if (!hasChanged || (controller.desiredSize ?? 0) <= 0) {
            stopGathering = hasChanged ? clock.after(everyMs, gather) : undefined
            return
          }
          hasChanged = false
          send(`event: ${name}\ndata: {"position":${position()}}\n\n`)
          stopGathering = clock.after(everyMs, gather)
        }
        const change = (): void => {
          hasChanged = true
          if (stopGathering === undefined) gather()
        }
        const check = async (): Promise<void> => {
          const isAllowed = await isStillAllowed().catch(() => true)
          if (!isAllowed) end()
        }
        const beat = async (): Promise<void> => {
          await check()
          if (isOver) return
          if ((controller.desiredSize ?? 0) > 0) send(': still here\n\n')
          stopHeartbeat = clock.after(heartbeatMs, () => void beat())
        }
        release = onOpen({ change, end, recheck: () => void check() })
        change()
        stopHeartbeat = clock.after(heartbeatMs, () => void beat())
      },
      cancel: leave,
    },
    { highWaterMark: 16 },
  )
}
