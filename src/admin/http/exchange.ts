import type { z } from 'zod'
import type { Json } from '../contract/json.ts'
import type { AdminContext, Caller } from '../callers/callers.ts'
import { AdminFailure, type Problem } from '../failures.ts'
import { readJson } from './read-json.ts'

/** Reading requests and writing answers: every route does both here, so bodies and amounts have one form. */

/** The body as this schema understands it; a body that it does not is refused with every problem named. */
export async function bodyOf<Schema extends z.ZodType>(
  c: AdminContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  const mediaType = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json') {
    throw new AdminFailure('media_type', 'A command is a JSON object.')
  }
  const bytes = await readBody(c.req.raw.body)
  await requireStillAllowed(c)
  return understood(schema, readJson(bytes))
}

/** A body may take its time; who lost the session or key meanwhile does nothing with it any more. */
async function requireStillAllowed(c: AdminContext): Promise<void> {
  const caller = known(c)
  if (caller === undefined || (await c.get('isStillAllowed')())) return
  throw caller.session === undefined
    ? new AdminFailure('credential_unknown', 'The credential was revoked meanwhile.')
    : new AdminFailure('session_over', 'Your session is over.')
}

/** Who signs in is nobody yet. */
const known = (c: AdminContext): Caller | undefined => c.get('caller')

const bodyBytesMax = 512 * 1024
/** So much of a body that is too large is still read, so that its sender is there to hear the answer. */
const excessBytesMax = 8 * 1024 * 1024

async function readBody(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > excessBytesMax) break
    if (bytes <= bodyBytesMax) chunks.push(chunk)
  }
  if (bytes <= bodyBytesMax) return Buffer.concat(chunks)
  throw new AdminFailure('body_too_large', `A body has at most ${bodyBytesMax} bytes.`)
}

/** The query as this schema understands it. A name that stands twice is refused. */
export function queryOf<Schema extends z.ZodType>(
  c: AdminContext,
  schema: Schema,
): z.output<Schema> {
  const values: Record<string, string> = {}
  for (const [name, [value, ...more]] of Object.entries(c.req.queries())) {
    if (more.length > 0)
      throw new AdminFailure('invalid_request', `"${name}" stands twice in the address.`)
    if (value !== undefined) values[name] = value
  }
  return understood(schema, values)
}

function understood<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalidRequest(
    result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  )
}

export function invalidRequest(problems: readonly Problem[]): AdminFailure {
  const sentences = problems.map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  )
  return new AdminFailure('invalid_request', sentences.join('; '), problems)
}

/** Answers with a value whose amounts are written as strings of digits. */
export function answer<Value>(c: AdminContext, value: Value): Response {
  return c.body(toJsonText(value), 200, { 'content-type': 'application/json' })
}

export const toJsonText = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  )

/** The same value as its reader gets it. */
export const toJson = <Value>(value: Value): Json<Value> =>
  JSON.parse(toJsonText(value)) as Json<Value>
