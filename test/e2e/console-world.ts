import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { chromiumBinary } from './available.ts'
import { addPerson, type Standing } from './sign-in-world.ts'
import { sessionPlan, type WorldOptions } from './world.ts'

/**
 * The console in a real browser, on the real server. What a page must never do fails the test that opened it:
 * an error in its console (what the content security policy refuses is one), a script that throws, a request
 * to anybody but its own server.
 */
export type ConsoleWorld = {
  readonly admin: AdminWorld
  /** A window of its own, with cookies and storage of its own. */
  readonly open: (hash: string, options?: WindowOptions) => Promise<Page>
  /** The same with the world's member signed in by its key. */
  readonly openAsMember: (hash: string, options?: WindowOptions) => Promise<Page>
  /** The same with somebody signed in who has an account of this standing. */
  readonly openAs: (standing: Standing, hash: string, options?: WindowOptions) => Promise<Page>
  /**
   * For what a test opens itself. The runner leaves out every `t.after` behind one that throws, and what stays open then
   * keeps the whole file from ending: in a browser's test this stands in its place.
   */
  readonly closeAtEnd: (close: Closing) => void
}

type Closing = () => PromiseLike<void> | void

export type WindowOptions = BrowserContextOptions & {
  /** Messages in the browser's console that the test is about, such as an answer that is refused. */
  readonly expected?: RegExp
}

/** One request of this world costs $0.0045, so the session has room for two and a little. */
const centPlan = sessionPlan(10_000_000n)

/** How long a page may take to show what it is to show, on a busy machine. */
const pageWaitMs = 20_000

export async function openConsoleWorld(
  t: TestContext,
  options: Partial<WorldOptions> = {},
): Promise<ConsoleWorld> {
  const faults: string[] = []
  const closing: Closing[] = []
  t.after(() => closeAll(closing, faults))
  const admin = await openAdminWorld({ plan: centPlan, ...options })
  closing.push(() => admin[Symbol.asyncDispose]())
  const browser = await launchBrowser()
  closing.push(() => browser.close())
  let people = 0
  const openWindow = async (
    cookie: string,
    { expected, ...context }: WindowOptions = {},
  ): Promise<Page> => {
    const window = await browser.newContext({
      timezoneId: 'Europe/Berlin',
      locale: 'en-US',
      ...context,
    })
    const [name = '', value = ''] = cookie.split('=')
    if (name !== '') await window.addCookies([{ name, value, url: admin.admin.url }])
    const page = await window.newPage()
    page.setDefaultTimeout(pageWaitMs)
    watch(page, admin.admin.url, (fault) => {
      if (expected?.test(fault) !== true) faults.push(fault)
    })
    return page
  }
  const open = async (hash: string, windowOptions?: WindowOptions): Promise<Page> => {
    const page = await openWindow('', windowOptions)
    await page.goto(`${admin.admin.url}/${hash}`)
    return page
  }
  return {
    admin,
    open,
    closeAtEnd: (close) => void closing.push(close),
    openAsMember: async (hash, windowOptions) => {
      const page = await open(`#${admin.world.seat.keyText}`, windowOptions)
      await page.getByRole('heading', { name: 'Usage', exact: true }).waitFor()
      await goTo(page, hash)
      return page
    },
    openAs: async (standing, hash, windowOptions) => {
      people += 1
      const { visitor } = await addPerson(admin, `person${people}@example.com`, standing)
      const page = await openWindow(visitor.cookie(), windowOptions)
      await page.goto(`${admin.admin.url}/${hash}`)
      return page
    },
  }
}

/** Everything, what was opened last first, whatever goes wrong in between; then what is wrong is told. */
export async function closeAll(
  closing: readonly Closing[],
  faults: readonly string[],
): Promise<void> {
  const troubles: unknown[] = []
  for (const close of closing.toReversed()) {
    try {
      await close()
    } catch (trouble) {
      troubles.push(trouble)
    }
  }
  assert.deepEqual(faults, [], 'what the pages must not do')
  if (troubles.length > 0) throw new AggregateError(troubles, 'something could not be closed')
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumBinary() ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-sync',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  })

function watch(page: Page, ownUrl: string, tell: (fault: string) => void): void {
  page.on('console', (message) => {
    if (message.type() === 'error') tell(message.text())
  })
  page.on('pageerror', (error) => tell(error.message))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(ownUrl) && !url.startsWith('blob:')) tell(`asked ${url}`)
  })
}

/** Goes to another address of the console without loading it anew. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
}

/** Notes what these elements say from now on, also for a moment only; the answer tells each text once. */
export async function noteTexts(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const note = `document.querySelectorAll(${JSON.stringify(selector)}).forEach((one) => noted.add(one.textContent))`
  await page.evaluate(`
    globalThis.noted = new Set()
    new MutationObserver(() => ${note})
      .observe(document.body, { subtree: true, childList: true, characterData: true })`)
  return () => page.evaluate('[...noted]')
}

/** Waits until the page shows this text. */
export const sees = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor()
