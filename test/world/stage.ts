import type { PlayedScene } from './scene.ts'
import { playStory, type PlayedStory } from './play-story.ts'
import { scenes } from './scenes.ts'
import { Visitor, type Action, type Side, type VisitorState } from './visitor.ts'

/**
 * What the story's page shows and lets its visitor do: the played scenes, and a pair of halves of the
 * visitor's own that stands where the trouble begins. Whatever is asked for runs one after another.
 */
export type StageState = {
  readonly scenes: readonly PlayedScene[]
  readonly sceneCount: number
  readonly isPlaying: boolean
  /** What the one book can show for the played story; null until it has been played. */
  readonly evidence: Pick<PlayedStory, 'journal' | 'explanation'> | null
  readonly visitor: VisitorState | null
}

export class Stage {
  #scenes: readonly PlayedScene[] = []
  #isPlaying = false
  #evidence: StageState['evidence'] = null
  #visitor: Visitor | null = null
  #visitorState: VisitorState | null = null
  #last: Promise<unknown> = Promise.resolve()
  readonly #listeners = new Set<(state: StageState) => void>()

  state(): StageState {
    return {
      scenes: this.#scenes,
      sceneCount: scenes.length,
      isPlaying: this.#isPlaying,
      evidence: this.#evidence,
      visitor: this.#visitorState,
    }
  }

  onChange(listener: (state: StageState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Plays the whole story on a pair of its own. */
  play(onPlayed: (scene: PlayedScene) => void = () => {}): Promise<PlayedStory> {
    return this.#inTurn(async () => {
      this.#scenes = []
      this.#evidence = null
      this.#isPlaying = true
      this.#changed()
      try {
        const story = await playStory((scene) => {
          this.#scenes = [...this.#scenes, scene]
          this.#changed()
          onPlayed(scene)
        })
        const { journal, explanation } = story
        this.#evidence = { journal, explanation }
        return story
      } finally {
        this.#isPlaying = false
        this.#changed()
      }
    })
  }

  /** Gives the visitor a fresh pair. */
  startOver(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#visitor?.world.close()
      this.#visitor = null
      this.#visitor = await Visitor.open()
      await this.#refresh()
    })
  }

  act(side: Side, action: Action): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#visitor === null) return
      await this.#visitor.act(side, action)
      await this.#refresh()
    })
  }

  /** The visitor may have pressed buttons elsewhere: on the service's own usage page. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#refresh())
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#visitor?.world.close()
      this.#visitor = null
    })
  }

  async #refresh(): Promise<void> {
    this.#visitorState = (await this.#visitor?.state()) ?? null
    this.#changed()
  }

  #changed(): void {
    const state = this.state()
    for (const listener of this.#listeners) listener(state)
  }

  #inTurn<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => {})
    return turn
  }
}
