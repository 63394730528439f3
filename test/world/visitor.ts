import { replyLines, type Half, type Line, type UsageShown } from './half.ts'
import type { DriftFound, JournalLine } from './journal-lines.ts'
import { playScenes, scenes } from './scenes.ts'
import { nextPrompt } from './seat.ts'
import { openStoryWorld, type StoryWorld } from './story-world.ts'
import type { Authorization } from './two-books.ts'

export type VisitorState = {
  readonly twoBooks: {
    readonly usageUrl: string
    readonly usage: UsageShown
    readonly row: Readonly<Authorization>
    readonly log: readonly Line[]
  }
  readonly oneBook: {
    readonly usage: UsageShown
    readonly journal: readonly JournalLine[]
    readonly drifts: readonly DriftFound[]
    readonly log: readonly Line[]
  }
}

const logLinesMax = 60

export type Side = 'two-books' | 'one-book'
export const actions = [
  'send',
  'log-in',
  'save-on',
  'save-off',
  'update',
  'corrupt',
  'verify',
] as const
export type Action = (typeof actions)[number]

/** A visitor's own pair of halves, with a log for each. */
export class Visitor {
  readonly world: StoryWorld
  readonly #logs: Record<Side, Line[]> = { 'two-books': [], 'one-book': [] }

  private constructor(world: StoryWorld) {
    this.world = world
  }

  /** Plays up to the night's update, so that the visitor's first request is the one that fails. */
  static async open(): Promise<Visitor> {
    const world = await openStoryWorld()
    try {
      const visitor = new Visitor(world)
      const before = scenes.slice(0, 2)
      await playScenes(world, before, (scene) => {
        visitor.#logs['two-books'].push({ kind: 'note', text: scene.title }, ...scene.twoBooks)
        visitor.#logs['one-book'].push({ kind: 'note', text: scene.title }, ...scene.oneBook)
      })
      return visitor
    } catch (error) {
      await world.close()
      throw error
    }
  }

  async act(side: Side, action: Action): Promise<void> {
    const lines = side === 'two-books' ? await this.#actLeft(action) : await this.#actRight(action)
    const log = this.#logs[side]
    log.push(...lines)
    log.splice(0, Math.max(0, log.length - logLinesMax))
  }

  async state(): Promise<VisitorState> {
    const { twoBooks, oneBook } = this.world
    return {
      twoBooks: {
        usageUrl: `${twoBooks.url}/usage`,
        usage: await twoBooks.readUsage(),
        row: twoBooks.service.authorization(),
        log: [...this.#logs['two-books']],
      },
      oneBook: {
        usage: await oneBook.readUsage(),
        journal: await oneBook.journal(),
        drifts: await oneBook.drifts(),
        log: [...this.#logs['one-book']],
      },
    }
  }

  async #actLeft(action: Action): Promise<readonly Line[]> {
    const { twoBooks } = this.world
    if (action === 'update') {
      twoBooks.service.renewAndLoseAnEvent()
      return [{ kind: 'fault', text: 'billing update: its second event is lost' }]
    }
    return actAsUser(twoBooks, action)
  }

  async #actRight(action: Action): Promise<readonly Line[]> {
    const { oneBook } = this.world
    switch (action) {
      case 'update':
        return (await oneBook.renewLosingItsWrite()).lines
      case 'corrupt':
        return oneBook.corrupt()
      case 'verify': {
        const report = await oneBook.verify()
        return [
          {
            kind: report.isClean ? 'answered' : 'refused',
            text: `verify: ${report.entryCount} entries recomputed, ${report.isClean ? 'no difference left' : report.differences.join('; ')}`,
          },
        ]
      }
      default:
        return actAsUser(oneBook, action)
    }
  }
}

async function actAsUser(half: Half, action: Action): Promise<readonly Line[]> {
  switch (action) {
    case 'send':
      return [
        { kind: 'call', text: 'POST /v1/messages' },
        ...replyLines(await half.send(nextPrompt)),
      ]
    case 'log-in':
      return [{ kind: 'call', text: `new log-in: ${await half.logIn()}` }]
    case 'save-on':
    case 'save-off': {
      const isOn = action === 'save-on'
      await half.save(isOn)
      return [{ kind: 'call', text: `extra usage ${isOn ? 'on' : 'off'}, save` }]
    }
    case 'update':
    case 'corrupt':
    case 'verify':
      return []
  }
}
