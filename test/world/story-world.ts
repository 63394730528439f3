import { openModelUpstream } from './model-upstream.ts'
import { openOneBook, type OneBook } from './one-book.ts'
import { untilMorningMs, untilNightMs } from './seat.ts'
import { StoryClock } from './story-clock.ts'
import { openTwoBooksHalf, type TwoBooksHalf } from './two-books-half.ts'

/** Both halves on one clock and one model, each with its subscriber logged in. It starts yesterday. */
export type StoryWorld = {
  readonly clock: StoryClock
  readonly twoBooks: TwoBooksHalf
  readonly oneBook: OneBook
  close(): Promise<void>
}

/** The running week began this long ago in both halves. */
const weekAgeMs = 3 * 24 * 3_600_000

export async function openStoryWorld(): Promise<StoryWorld> {
  const clock = new StoryClock(untilNightMs + untilMorningMs)
  const weekStartMs = clock.wallMs() - weekAgeMs
  const upstream = await openModelUpstream()
  const closers: (() => Promise<void>)[] = [() => upstream.close()]
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    const parts = { clock, weekStartMs, upstreamUrl: upstream.url }
    const twoBooks = await openTwoBooksHalf(parts)
    closers.push(() => twoBooks.close())
    const oneBook = await openOneBook(parts)
    closers.push(() => oneBook.close())
    return { clock, twoBooks, oneBook, close }
  } catch (error) {
    await close()
    throw error
  }
}
