import { attack, kindOfSeed } from '../doctor/hostile-transcripts.ts'
import { openDoctorWorld } from '../doctor/doctor-world.ts'
import type { Campaign } from './campaign.ts'
import { sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'doctor',
  about:
    'Transcripts of the real client, damaged, cut, run together and written to steer a terminal: the doctor neither crashes, nor claims too much, nor lets anything through',
  countDefault: 3_000,
  async run({ count, seed, onProgress }) {
    using world = openDoctorWorld()
    const byKind = new Map<string, { tried: number; broken: number }>()
    const findings: string[] = []
    let slowestMs = 0
    for (let done = 0; done < count; done += 1) {
      const each = seed + done
      const row = byKind.get(kindOfSeed(each)) ?? { tried: 0, broken: 0 }
      byKind.set(kindOfSeed(each), row)
      row.tried += 1
      const startMs = performance.now()
      try {
        await attack(world, each)
      } catch (error) {
        row.broken += 1
        findings.push(error instanceof Error ? error.message : String(error))
      }
      slowestMs = Math.max(slowestMs, performance.now() - startMs)
      onProgress(done + 1)
    }
    sayFindings({ lost: [], deniedFalsely: [], broken: findings })
    const rows = [...byKind].map(([what, row]) => ({
      what: `transcripts: ${what}`,
      lost: 0,
      deniedFalsely: 0,
      ...row,
    }))
    const figures = [{ name: 'slowest look', value: `${Math.round(slowestMs)} ms` }]
    return { rows, figures }
  },
}
