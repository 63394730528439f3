import { writeFileSync } from 'node:fs'

/** Plans with room for everything, so that each refusal is a false one. */
export function writeRoomyPlans(path: string): readonly string[] {
  const week = { kind: 'session', hours: 100 }
  const pro = {
    name: 'Roomy',
    limits: { session: { money: '1000000', window: week } },
    runningMax: 1000,
  }
  writeFileSync(path, JSON.stringify({ plans: { pro } }))
  return ['--plans-file', path, '--burst-per-minute', '0']
}
