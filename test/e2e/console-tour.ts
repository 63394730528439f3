import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** Every page of the console, for whoever looks at all of them: the accessibility check and the pictures. */

export type Stop = {
  readonly name: string
  /** The address; `:customer`, `:member` and `:decision` stand for those of the world. */
  readonly hash: string
  /** The heading that the page shows once it is there. */
  readonly heading: string | RegExp
}

/** For whoever is not signed in. */
export const strangerStops: readonly Stop[] = [
  { name: 'sign-in', hash: '#/', heading: /./ },
  { name: 'set-up', hash: '#setup=a-code', heading: 'Make this server yours' },
]

export const memberStops: readonly Stop[] = [
  { name: 'usage', hash: '#/usage', heading: 'Usage' },
  { name: 'extra-usage', hash: '#/extra-usage', heading: 'Extra usage' },
  { name: 'history', hash: '#/history', heading: 'History' },
  { name: 'refused', hash: '#/refused', heading: 'Was I refused wrongly?' },
  { name: 'connect', hash: '#/connect', heading: 'Connect' },
]

/** For the member whose decision it is. */
export const answerStop: Stop = {
  name: 'refused-answer',
  hash: '#/refused?id=:decision',
  heading: 'Was I refused wrongly?',
}

const customer = '#/customers/:customer'
const member = `${customer}/members/:member`

export const operatorStops: readonly Stop[] = [
  { name: 'overview', hash: '#/overview', heading: 'Overview' },
  { name: 'customers', hash: '#/customers', heading: 'Customers' },
  { name: 'customer', hash: customer, heading: /./ },
  { name: 'customer-extra-usage', hash: `${customer}/extra-usage`, heading: 'Extra usage' },
  { name: 'member', hash: member, heading: /./ },
  { name: 'member-usage', hash: `${member}/usage`, heading: 'Usage' },
  { name: 'plans', hash: '#/plans', heading: 'Plans' },
  { name: 'decisions', hash: '#/decisions', heading: 'Decisions' },
  { name: 'decision', hash: '#/decisions/:decision', heading: 'Decision' },
  { name: 'audit', hash: '#/audit', heading: 'Audit log' },
  { name: 'settings', hash: '#/settings', heading: 'Settings' },
  { name: 'storage', hash: '#/storage', heading: 'Storage' },
  { name: 'people', hash: '#/people', heading: 'People' },
  { name: 'account', hash: '#/account', heading: 'Your account' },
]

/**
 * Goes there from another page of the console, and resolves when it is there with its figures. The page that was left
 * is marked, because its headings may read like those of the next one.
 */
export async function goToStop(page: Page, stop: Stop, hash: string): Promise<void> {
  await page.evaluate(`
    if (location.hash !== ${JSON.stringify(hash)}) {
      document.querySelector('.page')?.setAttribute('data-left', '')
      location.hash = ${JSON.stringify(hash)}
    }`)
  await page
    .locator('.page:not([data-left]), .lone')
    .getByRole('heading', { name: stop.heading })
    .first()
    .waitFor()
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
