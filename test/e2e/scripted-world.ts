import {
  openRaw,
  rawExchange,
  requestBytes,
  type RawConnection,
  type RawReply,
} from './raw-http.ts'
import { startScriptedUpstream, type Answer, type ScriptedUpstream } from './scripted-upstream.ts'
import { openWorld, type Seat, type World, type WorldOptions } from './world.ts'

/** A world whose upstream answers what the test scripts, and the ways in which tests speak to it. */
export interface ScriptedWorld extends World {
  readonly upstream: ScriptedUpstream
  /** One request on a connection of its own, answered to its end. */
  post(request?: PostRequest): Promise<RawReply>
  /** A request whose reply the test follows byte by byte, and may leave. */
  begin(request?: PostRequest): Promise<RawConnection>
}

export type PostRequest = {
  readonly method?: string
  readonly path?: string
  readonly body?: string | Buffer
  readonly seat?: Seat
  /** Besides the seat's own key and the content type. */
  readonly headers?: Readonly<Record<string, string>>
}

export async function openScriptedWorld(
  answer: Answer,
  {
    keys,
    isSameMachine = false,
    ...options
  }: Omit<WorldOptions, 'upstream'> & Pick<WorldOptions['upstream'], 'keys' | 'isSameMachine'> = {},
): Promise<ScriptedWorld> {
  const upstream = await startScriptedUpstream(answer)
  const world = await openWorld({
    ...options,
    upstream: { url: upstream.url, isSameMachine, ...(keys === undefined ? {} : { keys }) },
  })
  const toRaw = ({ method, path, body, seat, headers }: PostRequest) => ({
    ...(method === undefined ? {} : { method }),
    path: path ?? '/v1/messages',
    headers: Object.entries({ ...(seat ?? world.seat).headers, ...headers }),
    ...(method === undefined || method === 'POST' ? { body: body ?? askBody() } : {}),
  })
  return {
    ...world,
    upstream,
    post: (request: PostRequest = {}) => rawExchange(world.url, toRaw(request)),
    async begin(request: PostRequest = {}) {
      const connection = await openRaw(world.url)
      connection.write(requestBytes(toRaw(request)))
      return connection
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await upstream.close()
    },
  }
}

type Asked = { readonly [field: string]: unknown }

export function askBody(fields: Asked = {}): string {
  return JSON.stringify({
    model: 'claude-sonnet-4-5',
    max_tokens: 1000,
    messages: [{ role: 'user', content: 'hello' }],
    ...fields,
  })
}

export type ApiError = {
  readonly type: string
  readonly request_id: string
  readonly error: {
    readonly type: string
    readonly message: string
    readonly details: { readonly error_code: string } & Readonly<Record<string, unknown>>
  }
}

export function errorOf(reply: RawReply): ApiError {
  return JSON.parse(reply.body.toString()) as ApiError
}
