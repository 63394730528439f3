import type { Findings } from '../faults/promises.ts'
import type { CampaignRow } from './campaign.ts'

/** The first of each kind are enough to see what happened. */
const saidMax = 5

export function sayFindings({ lost, deniedFalsely, broken }: Findings): void {
  for (const [kind, texts] of Object.entries({ lost, deniedFalsely, broken })) {
    for (const text of texts.slice(0, saidMax)) console.log(`  ${kind}: ${text}`)
    if (texts.length > saidMax) console.log(`  ${kind}: and ${texts.length - saidMax} more`)
  }
}

/** A row for each kind that was tried; what was found begins with the words of its kind. */
export function rowsOf(
  tried: ReadonlyMap<string, number>,
  { lost, deniedFalsely, broken }: Findings,
): readonly CampaignRow[] {
  const countOf = (what: string, texts: readonly string[]): number =>
    texts.filter((text) => text.startsWith(`${what}: `)).length
  return [...tried].map(([what, times]) => ({
    what,
    tried: times,
    lost: countOf(what, lost),
    deniedFalsely: countOf(what, deniedFalsely),
    broken: countOf(what, broken),
  }))
}
