import { lazy, type ComponentType } from 'react'
import { ApiFailure } from './api.ts'

/** How often code is asked for that does not come, half a minute in all: a server that restarts is back by then. */
const triesMax = 7
const waitFirstMs = 500
const waitMaxMs = 8000

/**
 * A page or a part of one whose code is loaded when it is first shown. While the code does not come it is asked for
 * again: a chart that waits for its server must not take away the figures that stand above it. What an upgraded server
 * has no more never comes.
 */
export const part = <Props>(get: () => Promise<ComponentType<Props>>): ComponentType<Props> =>
  // React wants a default export where we have named ones.
  lazy(async () => ({ default: await patiently(get) }))

async function patiently<Code>(get: () => Promise<Code>): Promise<Code> {
  for (let tries = 1, waitMs = waitFirstMs; ; tries += 1) {
    try {
      return await get()
    } catch (error) {
      if (tries >= triesMax) throw error
      if (await isOutdated()) throw outdated()
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(waitMaxMs, waitMs * 2)
  }
}

/** Whether the server has another console by now: its page begins with other code than this one did. */
async function isOutdated(): Promise<boolean> {
  const own = document.querySelector('script[type="module"][src]')?.getAttribute('src')
  try {
    const page = new URL('./', document.baseURI)
    const response = await fetch(page, { cache: 'no-cache', signal: AbortSignal.timeout(5000) })
    if (!response.ok || typeof own !== 'string') return false
    return !(await response.text()).includes(own)
  } catch {
    return false
  }
}

const outdated = (): ApiFailure =>
  new ApiFailure(
    {
      code: 'console_outdated',
      message: 'Plimsoll was upgraded while this page was open.',
      remedy: 'Load it anew to go on with the new version.',
    },
    0,
  )
