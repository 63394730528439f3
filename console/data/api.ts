import type { FailureAnswer } from '../../src/admin/contract/answers.ts'
import { attendanceHeaders } from './attendance.ts'
import { credential } from './credential.ts'
import { noteServerDate } from './server-clock.ts'

/**
 * The admin API, and nothing beside it: addresses are relative to the page, so that a proxy may serve the console
 * below any path. Every write carries an idempotency key; a click makes one, and repeats go with the same.
 */

/** Every "no" and every lost answer, in the API's own form: what happened, and what to do about it. */
export class ApiFailure extends Error {
  readonly code: string
  readonly remedy: string
  /** Zero where there was no answer. */
  readonly status: number
  readonly problems: readonly { readonly path: string; readonly message: string }[]

  constructor(
    failure: Pick<FailureAnswer['error'], 'message' | 'remedy' | 'problems'> & { code: string },
    status: number,
  ) {
    super(failure.message)
    this.code = failure.code
    this.remedy = failure.remedy
    this.status = status
    this.problems = failure.problems ?? []
  }

  /** Anything that was thrown, as a failure that can be shown. */
  static of(error: unknown): ApiFailure {
    if (error instanceof ApiFailure) return error
    const message = error instanceof Error ? error.message : String(error)
    const remedy = 'Load the page again; if it comes back, report it with these words.'
    return new ApiFailure({ code: 'page_error', message, remedy }, 0)
  }

  /** The server was not reached, or is going: nothing is wrong with what was asked. */
  get isOutage(): boolean {
    return this.status === 0 || this.status >= 502
  }
}

/** Text with its path segments encoded: api\`customers/${id}/usage\`. */
export const path = (parts: TemplateStringsArray, ...segments: readonly string[]): string =>
  parts.reduce((text, part, at) => `${text}${encodeURIComponent(segments[at - 1] ?? '')}${part}`)

export const apiUrl = (relative: string): URL => new URL(`api/${relative}`, document.baseURI)

/** What the server has to know about who calls, beside the cookie. */
export function callerHeaders(): Record<string, string> {
  const key = credential.get()
  return key === null ? attendanceHeaders() : { authorization: `Bearer ${key}` }
}

/** How long an answer may take before it counts as lost; with `oldestMs` of queries.ts that makes a minute. */
const readMaxMs = 20_000

export async function read<Answer>(relative: string, signal?: AbortSignal): Promise<Answer> {
  const late = AbortSignal.timeout(readMaxMs)
  const either = signal === undefined ? late : AbortSignal.any([signal, late])
  try {
    return await fetched<Answer>(relative, { method: 'GET', signal: either })
  } catch (error) {
    if (late.aborted && signal?.aborted !== true) throw noAnswer('GET')
    throw error
  }
}

/** A question that is too long for an address; it changes nothing. */
export const ask = <Answer>(
  relative: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<Answer> =>
  fetched<Answer>(relative, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })

/** Sends a command. The same `idempotencyKey` with the same body can be sent again and is done once. */
export const write = <Answer>(
  relative: string,
  command: { readonly body: unknown; readonly idempotencyKey: string; readonly method?: string },
): Promise<Answer> =>
  fetched<Answer>(relative, {
    method: command.method ?? 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': command.idempotencyKey,
    },
    body: JSON.stringify(command.body),
  })

/** For one click, however often its request has to be repeated. */
export const newIdempotencyKey = (): string =>
  `console-${[...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`

/** The answer itself, for downloads and streams; a "no" is thrown. */
export async function open(relative: string, init: RequestInit): Promise<Response> {
  const key = credential.get()
  let response: Response
  try {
    response = await fetch(apiUrl(relative), {
      credentials: 'same-origin',
      ...init,
      headers: { ...callerHeaders(), ...(init.headers as Record<string, string> | undefined) },
    })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw noAnswer(init.method ?? 'GET')
  }
  noteServerDate(response.headers.get('date'))
  // Asked with a key that was exchanged meanwhile: what it may no more, the one in its place may.
  if (response.status === 401 && key !== null && credential.get() !== key) {
    throw noAnswer(init.method ?? 'GET')
  }
  if (!response.ok) throw await failureIn(response)
  return response
}

async function fetched<Answer>(relative: string, init: RequestInit): Promise<Answer> {
  const response = await open(relative, init)
  try {
    return (await response.json()) as Answer
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw noAnswer(init.method ?? 'GET')
  }
}

const noAnswer = (method: string): ApiFailure =>
  new ApiFailure(
    {
      code: 'no_answer',
      message: 'The server does not answer.',
      remedy:
        method === 'GET'
          ? 'This page asks again by itself.'
          : 'Nothing is known to be changed. Try again in a moment: doing it twice does it once.',
    },
    0,
  )

async function failureIn(response: Response): Promise<ApiFailure> {
  const answer = (await response.json().catch(() => null)) as FailureAnswer | null
  if (answer !== null && typeof answer.error?.message === 'string') {
    return new ApiFailure(answer.error, response.status)
  }
  const message = `The server answers ${response.status} without saying why.`
  const remedy = 'Something between this page and the server answers in its place; try again.'
  return new ApiFailure({ code: 'not_ours', message, remedy }, response.status)
}
