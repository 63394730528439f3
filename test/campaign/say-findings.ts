import type { Findings } from '../faults/promises.ts'

/** The first of each kind are enough to see what happened. */
const saidMax = 5

export function sayFindings(findings: Findings): void {
  for (const [kind, texts] of Object.entries(findings)) {
    for (const text of texts.slice(0, saidMax)) console.log(`  ${kind}: ${text}`)
    if (texts.length > saidMax) console.log(`  ${kind}: and ${texts.length - saidMax} more`)
  }
}
