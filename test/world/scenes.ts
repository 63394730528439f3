import {
  replyLines,
  usageLines,
  type Half,
  type Line,
  type Reply,
  type UsageShown,
} from './half.ts'
import type { DriftFound } from './journal-lines.ts'
import { check, type Check, type PlayedScene } from './scene.ts'
import {
  nextPrompt,
  untilMorningMs,
  untilNightMs,
  yesterdaysRequests,
  yesterdaysWork,
} from './seat.ts'
import type { StoryWorld } from './story-world.ts'

/**
 * The story: what users reported, scene by scene, sent to both halves as the same requests. Each scene
 * says what it must show, so that a half that behaves otherwise makes the whole story fail.
 */
type Played = Omit<PlayedScene, 'id' | 'title' | 'caption'>

export type Scene = {
  readonly id: string
  readonly title: string
  readonly caption: string
  play(world: StoryWorld): Promise<Played>
}

const call = (text: string): Line => ({ kind: 'call', text })
const note = (text: string): Line => ({ kind: 'note', text })
const fault = (text: string): Line => ({ kind: 'fault', text })

const messagesCall = call('POST /v1/messages')

/** The founding failure, as its users saw it. */
const falseRefusal = "400 invalid_request_error You're out of extra usage."

function outcome(reply: Reply): string {
  if (reply.status === 200) return '200'
  return `${reply.status} ${reply.errorType ?? ''} ${reply.text.slice(0, reply.text.indexOf('.') + 1)}`
}

function answers(twoBooks: Reply, oneBook: Reply, expectedOfTwoBooks: string): readonly Check[] {
  return [
    check('two books answers', expectedOfTwoBooks, outcome(twoBooks)),
    check('one book answers', '200', outcome(oneBook)),
    check('one book is paid by', 'plan', oneBook.source ?? 'nobody'),
  ]
}

async function sendOnce(half: Half): Promise<{ reply: Reply; lines: readonly Line[] }> {
  const reply = await half.send(nextPrompt)
  return { reply, lines: [messagesCall, ...replyLines(reply)] }
}

async function workAsYesterday(half: Half): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  for (let sent = 0; sent < yesterdaysRequests; sent += 1) {
    replies.push(await half.send(yesterdaysWork))
  }
  return replies
}

const yesterday: Scene = {
  id: 'yesterday',
  title: 'Yesterday: an ordinary working day',
  caption:
    'One subscriber, one plan, $100.00 of extra usage bought and switched on. The day takes 12 % of the week.',
  async play({ twoBooks, oneBook, clock }) {
    const left = await workAsYesterday(twoBooks)
    const right = await workAsYesterday(oneBook)
    clock.advance(untilNightMs)
    const answered = (replies: readonly Reply[]): number =>
      replies.filter(({ status }) => status === 200).length
    const lines = (replies: readonly Reply[]): readonly Line[] => [
      call(`${replies.length} × POST /v1/messages`),
      { kind: 'answered', text: `${answered(replies)} × 200` },
    ]
    return {
      twoBooks: lines(left),
      oneBook: lines(right),
      checks: [
        check('two books answered', yesterdaysRequests, answered(left)),
        check('one book answered', yesterdaysRequests, answered(right)),
      ],
    }
  },
}

const update: Scene = {
  id: 'update',
  title: 'At night: a billing update, and something gets lost',
  caption:
    'The plan renews. Two books: the second of two events never arrives, and the row that the gate reads stays shut. ' +
    'One book: the write of the stored sums is lost, and they are overwritten besides: balance 0, session full.',
  async play({ twoBooks, oneBook, clock }) {
    const before = twoBooks.service.deliveries().length
    twoBooks.service.renewAndLoseAnEvent()
    const events = twoBooks.service.deliveries().slice(before)
    const row = twoBooks.service.authorization()
    const damage = await oneBook.renewLosingItsWrite()
    clock.advance(untilMorningMs)
    return {
      twoBooks: [
        ...events.map((event) =>
          event.isDelivered ? note(`event ${event.topic}`) : fault(`event ${event.topic}: lost`),
        ),
        fault(`stored row: is_exhausted = ${row.isExhausted}, written on ${row.writtenOn}`),
      ],
      oneBook: [note(`entry #${damage.position} ${damage.kind}: in the journal`), ...damage.lines],
      checks: [
        check('events lost', 1, events.filter(({ isDelivered }) => !isDelivered).length),
        check('stored row is exhausted', 'true', String(row.isExhausted)),
      ],
    }
  },
}

const request: Scene = {
  id: 'request',
  title: 'In the morning: the next request',
  caption: 'The same bytes go to both.',
  async play({ twoBooks, oneBook }) {
    const left = await sendOnce(twoBooks)
    const right = await sendOnce(oneBook)
    return {
      twoBooks: left.lines,
      oneBook: right.lines,
      checks: answers(left.reply, right.reply, falseRefusal),
    }
  },
}

function articleNumbers(side: string, usage: UsageShown, spent: string): readonly Check[] {
  return [
    check(`${side} shows of the week`, '12 %', `${usage.weekPercent} %`),
    check(`${side} shows of the session`, '0 %', `${usage.sessionPercent} %`),
    check(`${side} shows a balance of`, '$100.00', usage.balance),
    check(`${side} shows spent`, spent, usage.spent),
    check(`${side} shows the switch`, 'on', usage.isExtraUsageOn ? 'on' : 'off'),
  ]
}

const dashboards: Scene = {
  id: 'dashboards',
  title: 'Looking it up: the usage pages',
  caption:
    'Both pages are right. With two books the page reads the books and the gate reads the row, so that does not help.',
  async play({ twoBooks, oneBook }) {
    const left = await twoBooks.readUsage()
    const right = await oneBook.readUsage()
    return {
      twoBooks: usageLines(left),
      oneBook: usageLines(right),
      checks: [
        ...articleNumbers('two books', left, '$0.00'),
        ...articleNumbers('one book', right, '$0.00'),
      ],
    }
  },
}

const newLogin: Scene = {
  id: 'new-login',
  title: 'Logging out and in again',
  caption: 'A new credential proves who somebody is. It does not touch a stored conclusion.',
  async play({ twoBooks, oneBook }) {
    const tokens = { left: await twoBooks.logIn(), right: await oneBook.logIn() }
    const left = await sendOnce(twoBooks)
    const right = await sendOnce(oneBook)
    return {
      twoBooks: [call(`new log-in: ${tokens.left}`), ...left.lines],
      oneBook: [call(`new key: ${tokens.right}`), ...right.lines],
      checks: answers(left.reply, right.reply, falseRefusal),
    }
  },
}

const toggle: Scene = {
  id: 'toggle',
  title: 'The workaround: off and save, on and save',
  caption:
    'Two books: saving "on" happens to be what reads both books again and rewrites the row. One book: nobody touches the switch.',
  async play({ twoBooks, oneBook }) {
    await twoBooks.save(false)
    const off = await sendOnce(twoBooks)
    await twoBooks.save(true)
    const on = await sendOnce(twoBooks)
    const right = await sendOnce(oneBook)
    const usage = await oneBook.readUsage()
    return {
      twoBooks: [
        call('extra usage off, save'),
        ...off.lines,
        call('extra usage on, save'),
        ...on.lines,
      ],
      oneBook: [
        note(`switch: ${usage.isExtraUsageOn ? 'on' : 'off'}, saved ${usage.saveCount} times`),
        ...right.lines,
      ],
      checks: [
        check('two books answers after "off"', falseRefusal, outcome(off.reply)),
        ...answers(on.reply, right.reply, '200'),
        check('one book: the switch was saved', 0, usage.saveCount),
      ],
    }
  },
}

/** The two things that were falsified, where they stand in the drift record. */
function namesOf(drifts: readonly DriftFound[]): string {
  const fields = drifts.map(({ field }) => field)
  const found = [
    fields.some((field) => /^grants\..*\.availableNanos$/.test(field)) ? 'balance' : null,
    fields.includes('windows.session.used') ? 'session' : null,
  ]
  return found.filter((name) => name !== null).join(', ')
}

const record: Scene = {
  id: 'record',
  title: 'What is left behind',
  caption:
    'Two books: nothing says that anything was ever wrong. One book: the difference was found at the first read, written down with what, where and since when, and healed.',
  async play({ twoBooks, oneBook }) {
    const row = twoBooks.service.authorization()
    const drifts = await oneBook.drifts()
    const report = await oneBook.verify()
    return {
      twoBooks: [
        note(`stored row: is_exhausted = ${row.isExhausted}, written on ${row.writtenOn}`),
        note('no record of what was wrong, where, or since when'),
      ],
      oneBook: [
        ...drifts.map(({ text }) => fault(text)),
        {
          kind: report.isClean ? 'answered' : 'refused',
          text: `verify: ${report.entryCount} entries recomputed, ${report.isClean ? 'no difference left' : report.differences.join('; ')}`,
        },
      ],
      checks: [
        check('differences recorded of', 'balance, session', namesOf(drifts)),
        check('verify is clean', 'yes', report.isClean ? 'yes' : 'no'),
      ],
    }
  },
}

export const scenes: readonly Scene[] = [
  yesterday,
  update,
  request,
  dashboards,
  newLogin,
  toggle,
  record,
]

/** Plays scenes in order, handing out each as soon as it was played. */
export async function playScenes(
  world: StoryWorld,
  script: readonly Scene[],
  onPlayed: (scene: PlayedScene) => void = () => {},
): Promise<readonly PlayedScene[]> {
  const playedScenes: PlayedScene[] = []
  for (const scene of script) {
    const { id, title, caption } = scene
    const played = { id, title, caption, ...(await scene.play(world)) }
    playedScenes.push(played)
    onPlayed(played)
  }
  return playedScenes
}
