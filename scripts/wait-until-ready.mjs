import { setTimeout as pause } from 'node:timers/promises'

/**
 * Waits until an address answers with 200, so long in seconds: for units and containers, which have no other
 * program to ask with.
 *
 *   node scripts/wait-until-ready.mjs http://127.0.0.1:4180/readyz 60
 */
const [address = '', seconds = '30'] = process.argv.slice(2)
const everyMs = 200

/** @returns {Promise<boolean>} */
async function isReady() {
  try {
    const { ok } = await fetch(address, { signal: AbortSignal.timeout(2000) })
    return ok
  } catch {
    return false
  }
}

if (!URL.canParse(address) || !(Number(seconds) > 0)) {
  console.error('Say which address, and for how many seconds at most.')
  process.exit(2)
}
const startedMs = performance.now()
while (!(await isReady())) {
  if (performance.now() - startedMs > Number(seconds) * 1000) {
    console.error(`${address} does not answer with 200 within ${seconds} s.`)
    process.exit(1)
  }
  await pause(everyMs)
}
