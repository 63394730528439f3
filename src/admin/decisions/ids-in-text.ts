/**
 * Ids in pasted text: an error message as a client printed it, a header, a log line. Terminals break long ids into
 * lines, so pieces are put together again until somebody knows them.
 */
export type IdsInText = {
  /** Texts that may be a decision id, likeliest first. */
  readonly decisions: readonly string[]
  readonly holds: readonly string[]
  /** Request ids: ours of a refusal, or the upstream's. */
  readonly requests: readonly string[]
}

const piecesMax = 8
const decisionsMax = 40
const idLengthMax = 1500

export function idsIn(text: string): IdsInText {
  const decisions = new Set<string>()
  for (const { index } of text.matchAll(/(?:dn|al)_[A-Za-z0-9_-]/g)) {
    if (decisions.size >= decisionsMax) break
    for (const id of readings(text.slice(index, index + idLengthMax))) decisions.add(id)
  }
  return {
    decisions: [...decisions].slice(0, decisionsMax),
    holds: matches(text, /\bhold_[A-Za-z0-9]{4,60}/g),
    requests: matches(text, /\breq_[A-Za-z0-9_-]{4,80}/g),
  }
}

/** What an id that begins here can be: up to the first other character, and put together over more and more pieces. */
function readings(text: string): readonly string[] {
  const [plain = ''] = /^[A-Za-z0-9_-]+/.exec(text) ?? []
  const grown: string[] = []
  let joined = ''
  for (const piece of text.split(/\s+/).slice(0, piecesMax)) {
    // A frame that a client draws around its message is no part of the id.
    const inner = piece.replaceAll(/[^A-Za-z0-9_-]/g, '')
    if (inner === '') continue
    joined += inner
    grown.push(joined)
  }
  return [plain, ...grown.toReversed()]
}

const idsMax = 5

const matches = (text: string, pattern: RegExp): readonly string[] =>
  [...new Set(Array.from(text.matchAll(pattern), ([id]) => id))].slice(0, idsMax)
