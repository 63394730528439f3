import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { formatMoney } from '../../src/core/money.ts'
import { promptOf } from './seat.ts'
import { TwoBooks, type TwoBooksOptions } from './two-books.ts'
import { contentPolicy, usagePage } from './two-books-page.ts'

/** The two-books service over HTTP: messages, log-in, the usage page and its JSON, the settings switch. */
export type TwoBooksServer = {
  readonly url: string
  /** What its operators could do and see; users cannot. */
  readonly service: TwoBooks
  close(): Promise<void>
}

const bodyBytesMax = 64 * 1024

class BodyTooLargeError extends Error {}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part = chunk as Buffer
    bytes += part.length
    if (bytes > bodyBytesMax) throw new BodyTooLargeError()
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const errorTypes = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
} as const

function sendError(
  response: ServerResponse,
  status: keyof typeof errorTypes,
  message: string,
): void {
  sendJson(response, status, {
    type: 'error',
    error: { type: errorTypes[status], message },
    request_id: `req_${randomBytes(8).toString('hex')}`,
  })
}

type Context = {
  readonly service: TwoBooks
  readonly tokens: Set<string>
  readonly upstreamUrl: string
  readonly url: () => string
}

function isLoggedIn(request: IncomingMessage, { tokens }: Context): boolean {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  return bearer !== undefined && tokens.has(bearer)
}

async function answerMessages(
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<void> {
  const body = await readBody(request)
  if (!isLoggedIn(request, context)) {
    sendError(response, 401, 'Log in first.')
    return
  }
  if (context.service.isRefused()) {
    const message = `You're out of extra usage. Add more at ${context.url()}/usage and keep going.`
    sendError(response, 400, message)
    return
  }
  const answer = await fetch(`${context.upstreamUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const text = await answer.text()
  const parsed = JSON.parse(body) as { messages: readonly { content: string }[] }
  context.service.recordUsage(promptOf(parsed.messages[0]?.content ?? ''))
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(text)
}

function logIn(response: ServerResponse, { tokens }: Context): void {
  const token = `session-${randomBytes(12).toString('hex')}`
  tokens.add(token)
  sendJson(response, 200, { token })
}

function showUsage(response: ServerResponse, { service }: Context): void {
  const { balanceNanos, spentNanos, ...rest } = service.readUsage()
  sendJson(response, 200, {
    ...rest,
    balance: formatMoney(balanceNanos),
    spent: formatMoney(spentNanos),
  })
}

async function saveSwitch(
  request: IncomingMessage,
  response: ServerResponse,
  { service }: Context,
): Promise<void> {
  const body = await readBody(request)
  const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded'
  const isOn = isForm
    ? new URLSearchParams(body).get('extra_usage') === 'on'
    : (JSON.parse(body) as { isOn: unknown }).isOn === true
  service.saveExtraUsage(isOn)
  if (isForm) response.writeHead(303, { location: '/usage' }).end()
  else sendJson(response, 200, { isOn })
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  // A page of another origin may not press this service's buttons.
  const origin = request.headers.origin
  if (origin !== undefined && origin !== context.url()) {
    sendError(response, 403, 'Requests from other origins are not served.')
    return
  }
  switch (`${request.method} ${path}`) {
    case 'POST /v1/messages':
      return answerMessages(request, response, context)
    case 'POST /login':
      return logIn(response, context)
    case 'GET /api/usage':
      return showUsage(response, context)
    case 'POST /settings/extra-usage':
      return saveSwitch(request, response, context)
    case 'GET /':
    case 'GET /usage':
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': contentPolicy,
        'cache-control': 'no-store',
      })
      response.end(usagePage(context.service.readUsage()))
      return
    default:
      sendError(response, 404, 'No such page.')
  }
}

export async function openTwoBooks(
  options: TwoBooksOptions & { readonly upstreamUrl: string },
): Promise<TwoBooksServer> {
  let url = ''
  const context: Context = {
    service: new TwoBooks(options),
    tokens: new Set(),
    upstreamUrl: options.upstreamUrl,
    url: () => url,
  }
  const server = createServer((request, response) => {
    route(request, response, context).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      if (!response.headersSent) sendError(response, 400, reason)
      else response.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    service: context.service,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
