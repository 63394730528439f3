import { lazy, type ComponentType } from 'react'

/** How often code is asked for that does not come, half a minute in all: a server that restarts is back by then. */
const triesMax = 7
const waitFirstMs = 500
const waitMaxMs = 8000

/**
 * A page or a part of one whose code is loaded when it is first shown. While the code does not come it is asked for
 * again: a chart that waits for its server must not take away the figures that stand above it.
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
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(waitMaxMs, waitMs * 2)
  }
}
