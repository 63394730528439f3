import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** Every page of the console, for whoever looks at all of them: the accessibility check and the pictures. */

export type Stop = {
  readonly name: string
  /** The address; `:customer` and `:member` stand for those of the world. */
  readonly hash: string
  /** The heading that the page shows once it is there. */
  readonly heading: string | RegExp
}

export const memberStops: readonly Stop[] = [
  { name: 'usage', hash: '#/usage', heading: 'Usage' },
  { name: 'extra-usage', hash: '#/extra-usage', heading: 'Extra usage' },
  { name: 'history', hash: '#/history', heading: 'History' },
  { name: 'refused', hash: '#/refused', heading: 'Was I refused wrongly?' },
  { name: 'connect', hash: '#/connect', heading: 'Connect' },
]

export const operatorStops: readonly Stop[] = [
  { name: 'member-usage', hash: '#/customers/:customer/members/:member/usage', heading: 'Usage' },
  {
    name: 'customer-extra-usage',
    hash: '#/customers/:customer/extra-usage',
    heading: 'Extra usage',
  },
]

/** Resolves when the page is there and has its figures. */
export async function arrive(page: Page, { heading }: Stop): Promise<void> {
  await page.getByRole('heading', { name: heading }).first().waitFor()
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
}

export type Violation = {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** What an accessibility engine holds against the page as it stands, by the rules of WCAG 2.2 A and AA. */
export async function violationsOn(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${axeSource()}; undefined`)
  const { violations } = await page.evaluate<{ readonly violations: readonly Violation[] }>(
    `axe.run(document, { runOnly: ${JSON.stringify(ruleSets)} })`,
  )
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary ?? ''}`).join('\n')}`,
  )
}

const ruleSets = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const axeSource = (): string =>
  readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
