import type { DriftFound, JournalLine } from './journal-lines.ts'
import { isAsExpected, type PlayedScene } from './scene.ts'
import { playScenes, scenes } from './scenes.ts'
import { openStoryWorld } from './story-world.ts'

/** The whole story, played once on a pair of halves of its own, with what the one book can show for it. */
export type PlayedStory = {
  readonly isAsExpected: boolean
  readonly scenes: readonly PlayedScene[]
  /** From the night's update on. */
  readonly journal: readonly JournalLine[]
  readonly drifts: readonly DriftFound[]
  /** How the morning's request was decided, recomputed from the journal. */
  readonly explanation: readonly string[]
}

export async function playStory(
  onPlayed: (scene: PlayedScene) => void = () => {},
): Promise<PlayedStory> {
  const world = await openStoryWorld()
  try {
    const played = await playScenes(world, scenes, onPlayed)
    return {
      isAsExpected: isAsExpected(played),
      scenes: played,
      journal: await world.oneBook.journal(),
      drifts: await world.oneBook.drifts(),
      explanation: await world.oneBook.explainFirst(),
    }
  } finally {
    await world.close()
  }
}
