import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../system/clock.ts'
import { freshId, type Random } from '../system/random.ts'
import { answer } from './demo-answer.ts'
import { findDemoModel, listDemoModels } from './demo-models.ts'
import { event, eventsOf, messageOf, type Written } from './demo-reply.ts'
import { createPromptCache, isFields, type DemoFields, type PromptCache } from './demo-tokens.ts'
import { readWishes, type DemoFailure } from './demo-wishes.ts'

/**
 * A stand-in for the Messages API, for trying the product without an account: it streams, thinks, uses
 * tools, counts tokens and caches prompts, and fails on request. It is no language model, and says so.
 */
export type DemoUpstreamOptions = {
  /** Zero, the default, takes any free port. Only this machine can reach it. */
  readonly port?: number
  readonly clock: Clock
  readonly random: Random
  /** Whether a stream comes at a readable pace; tests do without. */
  readonly isPaced?: boolean
}

export type DemoUpstream = {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const bodyBytesMax = 32 * 1024 * 1024
const paceMs = 12
const slowPaceMs = 250

export async function startDemoUpstream(options: DemoUpstreamOptions): Promise<DemoUpstream> {
  const demo: Demo = { ...options, cache: createPromptCache() }
  const server = createServer((request, response) => {
    response.setHeader('request-id', freshId(options.random, 'req'))
    serve(demo, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendError(response, { status: 500, type: 'api_error', message: String(error) })
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, port, close: () => close(server) }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

type Demo = DemoUpstreamOptions & { readonly cache: PromptCache }

async function serve(
  demo: Demo,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://demo')
  const route = `${request.method} ${pathname}`
  if (request.method === 'HEAD') response.end()
  else if (route === 'POST /v1/messages') await serveMessage(demo, request, response)
  else if (route === 'POST /v1/messages/count_tokens') {
    const fields = await readFields(request, response)
    if (fields !== undefined) sendJson(response, { input_tokens: demo.cache.countOnly(fields) })
  } else if (route === 'GET /v1/models') sendJson(response, listDemoModels())
  else if (request.method === 'GET' && pathname.startsWith('/v1/models/')) {
    const model = findDemoModel(decodeURIComponent(pathname.slice('/v1/models/'.length)))
    if (model === undefined) sendError(response, notFound(pathname))
    else sendJson(response, model)
  } else sendError(response, notFound(pathname))
}

const notFound = (what: string): DemoError => ({
  status: 404,
  type: 'not_found_error',
  message: `Not found: ${what}`,
})

async function serveMessage(
  demo: Demo,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const fields = await readFields(request, response)
  if (fields === undefined) return
  const fault = findFault(fields)
  if (fault !== undefined) return sendError(response, fault)
  const wishes = readWishes(request.headers, fields)
  const error = wishes.failure === undefined ? undefined : errors[wishes.failure]
  if (error !== undefined) return sendError(response, error)
  if (wishes.failure === 'hang') return
  if (wishes.failure === 'cut-before-headers') {
    request.socket.destroy()
    return
  }
  const counted = demo.cache.count(fields, demo.clock.wallMs())
  const messageId = freshId(demo.random, 'msg')
  const asked = { request: fields, wishes, counted, random: demo.random }
  const written: Written = { request: fields, wishes, counted, answer: answer(asked), messageId }
  if (fields['stream'] === true) await sendStream(demo, response, written)
  else await sendMessage(demo, response, written)
}

async function readFields(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<DemoFields | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > bodyBytesMax) {
      const message = 'Request exceeds the maximum size'
      sendError(response, { status: 413, type: 'request_too_large', message })
      return undefined
    }
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (isFields(value)) return value
  } catch {
    // Said below, in the same words as for JSON of another kind.
  }
  sendError(response, invalid('The request body is not a JSON object'))
  return undefined
}

function findFault(fields: DemoFields): DemoError | undefined {
  const { model, max_tokens: maxTokens, messages } = fields
  if (typeof model !== 'string') return invalid('model: Field required')
  if (!model.startsWith('claude-')) return { ...notFound(''), message: `model: ${model}` }
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1) {
    return invalid('max_tokens: Input should be a valid integer greater than or equal to 1')
  }
  if (!Array.isArray(messages) || messages.length === 0) {
    return invalid('messages: at least one message is required')
  }
  return undefined
}

async function sendMessage(demo: Demo, response: ServerResponse, written: Written): Promise<void> {
  const { failure } = written.wishes
  const text = JSON.stringify(messageOf(written))
  response.writeHead(200, { ...okHeaders, 'content-type': 'application/json' })
  if (failure === 'cut-mid-stream') {
    response.write(text.slice(0, text.length / 2))
    await pause(demo.clock, paceMs)
    response.destroy()
    return
  }
  if (failure === 'slow') await pause(demo.clock, slowPaceMs * 4)
  response.end(text)
}

async function sendStream(demo: Demo, response: ServerResponse, written: Written): Promise<void> {
  const { failure } = written.wishes
  const events = [...eventsOf(written)]
  const isBroken = failure === 'cut-mid-stream' || failure === 'error-event'
  const count = isBroken ? Math.ceil(events.length / 2) : events.length
  response.writeHead(200, {
    ...okHeaders,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  })
  for (const text of events.slice(0, count)) {
    if (response.destroyed) return
    if (!response.write(text))
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    if (failure === 'slow') await pause(demo.clock, slowPaceMs)
    else if (demo.isPaced === true) await pause(demo.clock, paceMs)
  }
  if (failure === 'cut-mid-stream') {
    // What was written should arrive before the connection breaks.
    await pause(demo.clock, paceMs)
    response.destroy()
    return
  }
  if (failure === 'error-event') response.write(event('error', { error: overloaded }))
  response.end()
}

const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(delayMs, resolve))

/** The gateway keeps an upstream's own limits to itself; here are some to keep. */
const okHeaders = {
  'anthropic-ratelimit-requests-limit': '4000',
  'anthropic-ratelimit-requests-remaining': '3999',
  'anthropic-organization-id': 'demo',
}

type DemoError = {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

const overloaded = { type: 'overloaded_error', message: 'Overloaded' }
const invalid = (message: string): DemoError => ({
  status: 400,
  type: 'invalid_request_error',
  message,
})
const creditWords =
  'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'

const errors: Readonly<Partial<Record<DemoFailure, DemoError>>> = {
  overloaded: { status: 529, ...overloaded },
  '500': { status: 500, type: 'api_error', message: 'Internal server error' },
  '429': {
    status: 429,
    type: 'rate_limit_error',
    message: 'Number of requests has exceeded your per-minute rate limit',
    headers: { 'retry-after': '1' },
  },
  '401': { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  '402-credit': { status: 402, type: 'billing_error', message: creditWords },
  '400-credit': invalid(creditWords),
}

function sendError(response: ServerResponse, error: DemoError): void {
  const { status, type, message, headers } = error
  const requestId = response.getHeader('request-id')
  response.writeHead(status, { ...headers, 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId }))
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { ...okHeaders, 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
