/**
 * How many input tokens a request will be, before it runs: a likely figure for its hold, and a figure that
 * it cannot pass for worst cases. The reply says the real number; these only have to be fair and safe.
 */
export type InputEstimate = { readonly expected: number; readonly max: number }

/**
 * Bytes of a request per token. The vendor counts 2.5 characters per token for models since Opus 4.7 and
 * about a third more for older ones: https://platform.claude.com/docs/en/models/haiku-5-5/overview
 */
export const bytesPerToken = 2.5

/** No model reads more at once: https://platform.claude.com/docs/en/build-with-claude/context-windows */
export const contextTokensMax = 1_000_000

/** An image is about width x height / 750 tokens, and scaled down before it is dearer than about 1,600;
 *  newer models read larger ones: https://platform.claude.com/docs/en/build-with-claude/vision */
const imageTokensExpected = 1600
const imageTokensMax = 8192

/** A page of a document is 1,500 to 3,000 tokens of text, and an image:
 *  https://platform.claude.com/docs/en/build-with-claude/pdf-support */
const pageTokensExpected = 3000
const pageBase64BytesExpected = 60_000

/** What the API writes around a request: the tool-use instructions of every model are under 1,000 tokens. */
const wrapperTokensMax = 2000
const clientToolTokensMax = 1000

/** Tools that run at the caller's end; all others can bring in text that the request does not hold. */
const clientTool = /^(custom$|bash_|text_editor_|computer_|memory_|browser_)/

type Fields = Readonly<Record<string, unknown>>

type Found = {
  base64Bytes: number
  imageCount: number
  documentTokens: number
  documentCount: number
  /** Something outside the body is read: a link, a file, a server's tool, a kept conversation. */
  hasUnseenInput: boolean
}

export function estimateInput(fields: Fields, bodyBytes: number): InputEstimate {
  const found: Found = {
    base64Bytes: 0,
    imageCount: 0,
    documentTokens: 0,
    documentCount: 0,
    hasUnseenInput: readsBeyondBody(fields),
  }
  findContent(fields, found)
  const toolTokensMax = readTools(fields['tools'], found)
  const textBytes = Math.max(0, bodyBytes - found.base64Bytes)
  const expected =
    Math.ceil(textBytes / bytesPerToken) +
    found.imageCount * imageTokensExpected +
    found.documentTokens
  // A token stands for at least one byte, and the JSON around a text is longer than what replaces it.
  const max = textBytes + wrapperTokensMax + toolTokensMax + found.imageCount * imageTokensMax
  const isUnseen = found.hasUnseenInput || found.documentCount > 0
  return { expected, max: Math.max(expected, isUnseen ? max + contextTokensMax : max) }
}

/** Kept conversations and remote tools bring input that the body does not hold; compaction reads it twice. */
function readsBeyondBody(fields: Fields): boolean {
  for (const field of ['thread', 'mcp_servers', 'container', 'compaction']) {
    if (fields[field] !== undefined && fields[field] !== null) return true
  }
  const edits = record(fields['context_management'])?.['edits']
  if (!Array.isArray(edits)) return false
  return edits.some((edit) => String(record(edit)?.['type']).startsWith('compact'))
}

/**
 * Visits the places where the API itself looks for images and documents, and no others: the same shape
 * inside a tool's input or schema is plain text to it, and costs as such.
 */
function findContent(fields: Fields, found: Found): void {
  const lists: unknown[] = [fields['system']]
  const { messages } = fields
  if (Array.isArray(messages))
    for (const message of messages) lists.push(record(message)?.['content'])
  for (let list = lists.pop(); list !== undefined || lists.length > 0; list = lists.pop()) {
    if (!Array.isArray(list)) continue
    for (const item of list) {
      const block = record(item)
      if (block === undefined) continue
      if (block['type'] === 'container_upload') found.hasUnseenInput = true
      const source = record(block['source'])
      if (source !== undefined) readSource(block, source, found)
      lists.push(...[block['content'], source?.['content']].filter((inner) => Array.isArray(inner)))
    }
  }
}

function readSource(block: Fields, source: Fields, found: Found): void {
  const { type, data } = source
  if (type === 'url' || type === 'file') found.hasUnseenInput = true
  if (type !== 'base64' || typeof data !== 'string') return
  found.base64Bytes += data.length
  if (block['type'] === 'image') {
    found.imageCount += 1
  } else {
    found.documentCount += 1
    const pages = Math.max(1, Math.ceil(data.length / pageBase64BytesExpected))
    found.documentTokens += pages * pageTokensExpected
  }
}

function record(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Fields
}

function readTools(tools: unknown, found: Found): number {
  if (!Array.isArray(tools)) return 0
  let tokensMax = 0
  for (const tool of tools) {
    const type = record(tool)?.['type']
    if (type === undefined || type === null || type === 'custom') continue
    if (typeof type === 'string' && clientTool.test(type)) tokensMax += clientToolTokensMax
    else found.hasUnseenInput = true
  }
  return tokensMax
}
