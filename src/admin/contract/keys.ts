import { z } from 'zod'
import type { OwnKey } from '../../operations/own-keys.ts'
import { name } from './commands.ts'
import type { Json } from './json.ts'

/** Keys in the hands of their member. */
export type OwnKeysAnswer = {
  readonly keys: readonly (Json<OwnKey> & {
    /** The key that this question came with. */
    readonly isCurrent: boolean
  })[]
  /** Whether new keys can be made by who asks, and why not. */
  readonly mayCreate: boolean
  readonly createObstacle: string | null
}

export type RevokedKeysAnswer = {
  /** The key, and those that it had made of itself. */
  readonly revoked: readonly string[]
}

export const nameSchema = z.strictObject({ name })

/** What a test message may say; everything else about it is the server's choice, so that it costs little. */
export const testMessageSchema = z.strictObject({
  /** Without it the key that the question came with. */
  keyText: z
    .string()
    .regex(/^plim_[0-9a-z]{1,100}$/, 'a key begins with plim_')
    .exactOptional(),
  model: z
    .string()
    .trim()
    .regex(/^[\w.:@/-]{1,100}$/, 'name a model such as claude-haiku-4-5'),
  text: z.string().trim().min(1).max(500).default('Say hello in one short sentence.'),
})

export type TestMessageAnswer = {
  readonly status: number
  /** What the model said; null where the request was refused or failed. */
  readonly text: string | null
  /** What was said instead of an answer. */
  readonly problem: string | null
  readonly decisionId: string | null
  /** Set for a request that was admitted. */
  readonly holdId: string | null
  readonly source: 'plan' | 'extra_usage' | 'free' | null
  /** Null while it is not settled. */
  readonly costNanos: string | null
  readonly chargedNanos: string | null
  readonly tookMs: number
}

/** What somebody needs to set up a client. */
export type ConnectAnswer = {
  readonly gatewayUrl: string
  /** Models that this installation has a price of, the last used first. */
  readonly models: readonly string[]
  readonly currencySymbol: string
}
