/**
 * A campaign is a long, bounded attack on one part of the system; `npm test` runs a slice of each. What it
 * answers becomes a row of docs/hard-to-break.md, so every figure there comes from a run.
 */
export type Campaign = {
  /** As it is said on the command line, and the name of its file. */
  readonly name: string
  /** One sentence: what is done to what, and what must hold. */
  readonly about: string
  /** How often, unless told otherwise. */
  readonly countDefault: number
  run(options: CampaignOptions): Promise<CampaignOutcome>
}

export type CampaignOptions = {
  readonly count: number
  /** The same seed does the same again, as far as the machine lets it. */
  readonly seed: number
  /** Told now and then, for people who wait. */
  readonly onProgress: (done: number) => void
}

export type CampaignOutcome = {
  readonly rows: readonly CampaignRow[]
  /** Measured on the way: memory, time, refusals a second. Text, with the unit. */
  readonly figures: readonly { readonly name: string; readonly value: string }[]
}

/** One kind of attack, how often it was tried, and what came of it. Anything but zeros fails the campaign. */
export type CampaignRow = {
  readonly what: string
  readonly tried: number
  /** Acknowledged facts that were gone, or money that did not add up. */
  readonly lost: number
  /** Requests that were refused although their funds or room were there. */
  readonly deniedFalsely: number
  /** Other broken promises: a crash, a leak, an answer in the wrong shape. */
  readonly broken: number
}

export const isClean = ({ rows }: CampaignOutcome): boolean =>
  rows.length > 0 &&
  rows.every(
    ({ tried, lost, deniedFalsely, broken }) =>
      tried > 0 && lost === 0 && deniedFalsely === 0 && broken === 0,
  )
