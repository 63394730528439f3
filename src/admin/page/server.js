/** Talks to the server that sent this page, with the member's key, and listens for changes. */

/** @typedef {{ code: string, message: string, remedy: string }} Failure */

export class ServerFailure extends Error {
  /** @param {Failure} failure @param {number} status */
  constructor(failure, status) {
    super(failure.message)
    this.status = status
    this.code = failure.code
    this.remedy = failure.remedy
  }
}

/** @param {string} key */
export function connect(key) {
  const authorization = `Bearer ${key}`
  return {
    /** @param {string} path */
    get: async (path) => read(await fetch(path, { headers: { authorization } })),

    /**
     * Sends a command once; repeating the same `idempotencyKey` is harmless.
     * @param {string} path @param {unknown} body @param {string} idempotencyKey
     */
    post: async (path, body, idempotencyKey) =>
      read(
        await fetch(path, {
          method: 'POST',
          headers: {
            authorization,
            'content-type': 'application/json',
            'idempotency-key': idempotencyKey,
          },
          body: JSON.stringify(body),
        }),
      ),

    /** @param {Listener} listener */
    listen: (listener) => listen(authorization, listener),
  }
}

/** @param {Response} response */
async function read(response) {
  const answer = await response.json()
  if (!response.ok) throw new ServerFailure(answer.error, response.status)
  return answer
}

/**
 * @typedef {object} Listener
 * @property {() => void} onChange the account may have changed
 * @property {(isLive: boolean) => void} onLine the line was found or lost
 * @property {(failure: ServerFailure) => void} onRefused the key does not count any more
 */

// The server sends a heartbeat every 15 s; a line that is silent for longer than two is lost.
const silenceMaxMs = 35_000
const retryFirstMs = 500
const retryMaxMs = 10_000

/**
 * Keeps one event stream open, and opens it again when it breaks; EventSource cannot send the key.
 * @param {string} authorization @param {Listener} listener @returns {() => void} how to stop
 */
function listen(authorization, listener) {
  const stopping = new AbortController()
  let retryMs = retryFirstMs

  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        await stream(authorization, stopping.signal, {
          ...listener,
          onLine: (isLive) => {
            retryMs = retryFirstMs
            listener.onLine(isLive)
          },
        })
      } catch (error) {
        if (stopping.signal.aborted) return
        if (error instanceof ServerFailure && error.status === 401) return listener.onRefused(error)
      }
      if (stopping.signal.aborted) return
      listener.onLine(false)
      await new Promise((resolve) => setTimeout(resolve, retryMs))
      retryMs = Math.min(retryMaxMs, retryMs * 2)
    }
  }
  void run()
  return () => stopping.abort()
}

/** @param {string} authorization @param {AbortSignal} stop @param {Listener} listener */
async function stream(authorization, stop, listener) {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMaxMs)
  const hearSomething = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), silenceMaxMs)
    listener.onLine(true)
  }
  try {
    const response = await fetch('/api/me/events', {
      headers: { authorization, accept: 'text/event-stream' },
      signal: AbortSignal.any([stop, silence.signal]),
    })
    if (!response.ok || response.body === null) return void (await read(response))
    for await (const event of eventsOf(response.body, hearSomething)) {
      if (event.includes('data:')) listener.onChange()
    }
  } finally {
    clearTimeout(timer)
  }
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} body @param {() => void} onBytes */
async function* eventsOf(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    onBytes()
    const events = (rest + value).split('\n\n')
    rest = events.pop() ?? ''
    yield* events
  }
}
