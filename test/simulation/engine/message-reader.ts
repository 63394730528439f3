/** One HTTP/1.1 message as it came: the first line, headers by lower-case name, and the body so far. */
export type Message = {
  readonly firstLine: string
  readonly headers: ReadonlyMap<string, string>
  body: string
}

type BodyKind =
  | { readonly kind: 'length'; left: number }
  | { readonly kind: 'chunked'; left: number }
  | { readonly kind: 'until closed' }

type Listener = {
  readonly head?: (message: Message) => void
  readonly body?: (bytes: string) => void
  readonly end: (message: Message) => void
}

/** Reads the messages of one direction of a connection, in whatever pieces they come. */
export class MessageReader {
  readonly #on: Listener
  #text = ''
  #message: Message | null = null
  #body: BodyKind | null = null

  constructor(on: Listener) {
    this.#on = on
  }

  /** A message has begun and is not whole. */
  get isInside(): boolean {
    return this.#message !== null || this.#text !== ''
  }

  push(bytes: Buffer): void {
    this.#text += bytes.toString('latin1')
    while (this.#step());
  }

  /** The connection ended: whether that is how the message under way ends. */
  close(): boolean {
    if (this.#message === null || this.#body?.kind !== 'until closed') return false
    this.#finish()
    return true
  }

  #step(): boolean {
    if (this.#message === null) return this.#takeHead()
    const body = this.#body
    if (body === null) return false
    if (body.kind === 'chunked' && body.left === 0) return this.#takeChunkSize(body)
    if (this.#text === '') return false
    const take = body.kind === 'until closed' ? this.#text.length : body.left
    const bytes = this.#text.slice(0, take)
    this.#text = this.#text.slice(bytes.length)
    // Of a chunk, the line break behind it is counted as well, and left out here.
    const behind =
      body.kind === 'chunked' ? Math.max(0, bytes.length - Math.max(0, body.left - 2)) : 0
    const content = bytes.slice(0, bytes.length - behind)
    this.#message.body += content
    if (content !== '') this.#on.body?.(content)
    if (body.kind === 'until closed') return false
    body.left -= bytes.length
    if (body.left > 0) return false
    if (body.kind === 'length') this.#finish()
    return true
  }

  #takeHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return false
    const [firstLine = '', ...lines] = this.#text.slice(0, end).split('\r\n')
    this.#text = this.#text.slice(end + 4)
    // Interim answers lead to nothing here.
    if (/^HTTP\/1\.1 1\d\d/.test(firstLine)) return true
    const headers = new Map<string, string>()
    for (const line of lines) {
      const at = line.indexOf(':')
      headers.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim())
    }
    this.#message = { firstLine, headers, body: '' }
    this.#body = bodyOf(firstLine, headers)
    this.#on.head?.(this.#message)
    if (this.#body.kind === 'length' && this.#body.left === 0) this.#finish()
    return true
  }

  #takeChunkSize(body: { left: number }): boolean {
    const end = this.#text.indexOf('\r\n')
    if (end < 0) return false
    const size = Number.parseInt(this.#text.slice(0, end), 16)
    if (size > 0) {
      this.#text = this.#text.slice(end + 2)
      body.left = size + 2
      return true
    }
    if (this.#text.length < end + 4) return false
    this.#text = this.#text.slice(end + 4)
    this.#finish()
    return true
  }

  #finish(): void {
    const message = this.#message
    this.#message = null
    this.#body = null
    if (message !== null) this.#on.end(message)
  }
}

function bodyOf(firstLine: string, headers: ReadonlyMap<string, string>): BodyKind {
  if (headers.get('transfer-encoding') === 'chunked') return { kind: 'chunked', left: 0 }
  const length = headers.get('content-length')
  if (length !== undefined) return { kind: 'length', left: Number(length) }
  const isEmpty = !firstLine.startsWith('HTTP/') || /^HTTP\/1\.1 (204|304)/.test(firstLine)
  return isEmpty ? { kind: 'length', left: 0 } : { kind: 'until closed' }
}
