import type { Chance } from './chance.ts'

/**
 * HTTP requests as somebody would write them who wants two readers to understand them differently, or one to
 * fall over: a sound request, bent a few times.
 */
export type Draft = {
  line: string
  headers: string[]
  body: Buffer
  /** Written after the request, on the same connection. */
  trailing: Buffer
}

type Bend = (draft: Draft, chance: Chance) => void

const crlf = '\r\n'

/** Bytes on the wire. Header lines are written as they stand, so a bend may put anything in between. */
export function bytesOf({ line, headers, body, trailing }: Draft): Buffer {
  const head = [line, ...headers, '', ''].join(crlf)
  return Buffer.concat([Buffer.from(head, 'latin1'), body, trailing])
}

export function bend(draft: Draft, chance: Chance): void {
  const times = 1 + chance.below(3)
  for (let i = 0; i < times; i++) chance.pick(bends)(draft, chance)
}

const header =
  (...values: readonly string[]): Bend =>
  (draft, chance) =>
    void draft.headers.splice(chance.below(draft.headers.length + 1), 0, chance.pick(values))

const target =
  (...values: readonly string[]): Bend =>
  (draft, chance) => {
    const [method, , version] = draft.line.split(' ')
    draft.line = `${method} ${chance.pick(values)} ${version}`
  }

const line =
  (...values: readonly string[]): Bend =>
  (draft, chance) => {
    draft.line = chance.pick(values)
  }

const chunked =
  (...bodies: readonly ((body: Buffer) => string)[]): Bend =>
  (draft, chance) => {
    draft.headers = draft.headers.filter((one) => !/^content-length/i.test(one))
    draft.headers.push('Transfer-Encoding: chunked')
    draft.body = Buffer.from(chance.pick(bodies)(draft.body), 'latin1')
  }

const size = (body: Buffer): string => body.length.toString(16)
const text = (body: Buffer): string => body.toString('latin1')

const inBody =
  (...changes: readonly ((body: string) => string)[]): Bend =>
  (draft, chance) => {
    draft.body = Buffer.from(chance.pick(changes)(text(draft.body)), 'latin1')
    withLength(draft)
  }

function withLength(draft: Draft): void {
  draft.headers = draft.headers.map((one) =>
    /^content-length:/i.test(one) ? `Content-Length: ${draft.body.length}` : one,
  )
}

const splice: Bend = (draft, chance) => {
  const whole = bytesOf(draft)
  const at = chance.below(whole.length)
  const cut = Buffer.concat([
    whole.subarray(0, at),
    chance.bytes(chance.below(6)),
    whole.subarray(at + chance.below(4)),
  ])
  draft.line = cut.toString('latin1')
  draft.headers = []
  draft.body = Buffer.alloc(0)
  draft.trailing = Buffer.alloc(0)
}

const truncate: Bend = (draft, chance) => {
  draft.body = draft.body.subarray(0, chance.below(draft.body.length + 1))
}

const bends: readonly Bend[] = [
  header(
    'Transfer-Encoding: chunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding:\tchunked',
    'transfer-encoding: xchunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: CHUNKED',
    'Transfer-Encoding:\r\n chunked',
    ' Transfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: cow',
  ),
  header(
    'Content-Length: 5',
    'Content-Length: 0',
    'Content-Length: +5',
    'Content-Length: -1',
    'Content-Length: 5, 5',
    'Content-Length: 0x10',
    'Content-Length: 99999999999999999999',
    'Content-Length:',
    'Content_Length: 3',
    'Content-Length : 3',
  ),
  header(
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Connection: x-api-key',
    'Connection: close, content-length, host',
    'Expect: 100-continue',
    'Expect: 200-maybe',
    'Trailer: x-api-key',
    'TE: trailers, deflate;q=0.5',
  ),
  header(
    'x-odd: a\u0000b',
    'x-odd: a\rb',
    'x-odd: a\nb',
    'x odd: a',
    ': empty',
    'x-odd',
    'x-fold: a\r\n b',
    'Host: elsewhere',
    'Host:',
    'x-high: \u00ff\u0080',
    `x-big: ${'x'.repeat(20_000)}`,
    `x-huge: ${'x'.repeat(80_000)}`,
    Array.from({ length: 1500 }, (_, i) => `x-${i}: ${i}`).join(crlf),
    'content-encoding: gzip',
    'x-http-method-override: DELETE',
    'x-plimsoll-extra-usage: perhaps',
    'authorization: Bearer plim_another',
    'x-api-key: plim_another',
    'content-type: application/x-www-form-urlencoded',
  ),
  target(
    'http://elsewhere/v1/messages',
    'elsewhere:443',
    '*',
    '//v1/messages',
    '/v1//messages',
    '/v1/messages/',
    '/v1/messages/../files',
    '/v1/messages/%2e%2e/files',
    '/v1/messages%00',
    '/v1/messages;x=1',
    '/v1/messages#x',
    '/V1/messages',
    '/v1/messages/batches',
    '/v1/complete',
    '/v1/organizations/me',
    '/v1/files/file_1/content',
    '/v1/models/../messages',
    '/v1/models/%2e%2e%2fmessages',
    '/v1/models/a%3f/b',
    `/v1/messages?${'q'.repeat(30_000)}`,
    `/${'p'.repeat(70_000)}`,
    '/v1/messages?a=\u00e9\u0080',
    '/v1/messages?key=plim_in-the-query',
  ),
  line(
    'CONNECT api.example:443 HTTP/1.1',
    'TRACE /v1/messages HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n',
    'POST /v1/messages',
    'POST /v1/messages HTTP/0.9',
    'POST /v1/messages HTTP/1.0',
    'POST /v1/messages HTTP/2.0',
    'POST  /v1/messages HTTP/1.1',
    'POST /v1/messages HTTP/1.1 ',
    'post /v1/messages HTTP/1.1',
    '\r\n\r\nPOST /v1/messages HTTP/1.1',
    'DELETE /v1/messages HTTP/1.1',
    'PUT /v1/models HTTP/1.1',
    'GET /v1/messages HTTP/1.1',
  ),
  chunked(
    (body) => `${size(body)}\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `${size(body)};a=b;c="d"\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `${size(body)};${'e'.repeat(30_000)}\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `${size(body)}\n${text(body)}\n0\n\n`,
    (body) => `0${size(body)}\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `0x${size(body)}\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `-${size(body)}\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `ffffffffffffffff\r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `${size(body)} \r\n${text(body)}\r\n0\r\n\r\n`,
    (body) => `${size(body)}\r\n${text(body)}XX0\r\n\r\n`,
    (body) => `${size(body)}\r\n${text(body)}\r\n0\r\nx-api-key: plim_t\r\n\r\n`,
    (body) => `${size(body)}\r\n${text(body)}\r\n`,
    (body) => text(body).replaceAll(/./g, '1\r\n$&\r\n') + '0\r\n\r\n',
  ),
  inBody(
    (body) => body.replace('{', '{"model":"claude-opus-4-1",'),
    (body) => body.replace('{', '{"mod\\u0065l":"claude-opus-4-1",'),
    (body) => body.replace('{', '{"__proto__":{"max_tokens":1},'),
    (body) => body.replace('{', '{"constructor":{"prototype":{"model":"x"}},'),
    (body) => body.replace('{', '{"fallbacks":[{"model":"a","model":"claude-opus-4-1"}],'),
    (body) => body.replace('{', `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)},`),
    (body) => body.replace('{', '{"lone":"\\ud800",'),
    (body) => body.replace(/"max_tokens":\d+/, '"max_tokens":1e400'),
    (body) => body.replace(/"max_tokens":\d+/, '"max_tokens":99999999999999999999'),
    (body) => body.replace(/"max_tokens":\d+/, '"max_tokens":-0'),
    (body) => `\u00ef\u00bb\u00bf${body}`,
    (body) => `${body}\u0000`,
    (body) => `${body}{"model":"x"}`,
    (body) => `\u00ff\u00fe${body}`,
    (body) => body.replace('hello', '\u00c0\u00af\u00ed\u00a0\u0080'),
    (body) => body.slice(0, -3),
    (body) => `${body}${' '.repeat(100_000)}`,
  ),
  (draft) => {
    draft.trailing = Buffer.from('GET /v1/files HTTP/1.1\r\nHost: x\r\n\r\n')
  },
  (draft) => {
    draft.trailing = Buffer.from(
      'POST /v1/messages/batches HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
    )
  },
  (draft, chance) => {
    draft.trailing = chance.bytes(1 + chance.below(200))
  },
  truncate,
  splice,
  splice,
]
