import { imageKinds, tryImage } from './crash-images.ts'
import { recordRun } from './crash-recording.ts'
import type { Findings } from './promises.ts'
import { seededDraw } from './seeded-draw.ts'

export type ImageRun = {
  readonly count: number
  readonly seed: number
  readonly onProgress: (done: number) => void
}

export type ImageRunOutcome = Findings & { readonly tried: ReadonlyMap<string, number> }

/** A new run under load is recorded after so many images of the one before. */
const imagesPerRecording = 500

/** Images of every kind in turn, each opened by the real storage and checked. */
export async function runImages({ count, seed, onProgress }: ImageRun): Promise<ImageRunOutcome> {
  const tried = new Map(imageKinds.map((kind) => [kind, 0]))
  const found = { lost: [] as string[], deniedFalsely: [] as string[], broken: [] as string[] }
  let recording = await recordRun()
  for (let index = 0; index < count; index += 1) {
    if (index > 0 && index % imagesPerRecording === 0) recording = await recordRun()
    const what = imageKinds[index % imageKinds.length] ?? ''
    const outcome = await tryImage(recording, what, seededDraw(seed * 1_000_003 + index))
    if (outcome === undefined) throw new Error(`No moment fits an image in which ${what}`)
    tried.set(what, (tried.get(what) ?? 0) + 1)
    for (const kind of ['lost', 'deniedFalsely', 'broken'] as const) {
      found[kind].push(...outcome[kind].map((text) => `${what}: ${text}`))
    }
    onProgress(index + 1)
  }
  return { tried, ...found }
}
