import type { RequestDetails, RequestWindow } from '../../operations/request-details.ts'
import type { Json } from './json.ts'

/** Everything about one request that was admitted. */
export type RequestAnswer = Json<Omit<RequestDetails, 'entries' | 'windows'>> & {
  /** How it stands or ended, in a sentence. */
  readonly sentence: string
  readonly windows: readonly (Json<RequestWindow> & { readonly title: string })[]
  readonly keyName: string | null
  /** What the journal has of it, oldest first, in words. */
  readonly story: readonly {
    readonly position: number
    readonly atMs: number
    readonly title: string
  }[]
  readonly currencySymbol: string
}
