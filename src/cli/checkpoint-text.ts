import type { Checkpoint, SkippedFile } from '../doctor/checkpoint/checkpoint.ts'
import { shellWord } from '../config/shell-word.ts'
import type { CommandContext } from './command-line.ts'
import { localMoment, momentWithDistance, type Reader } from './moments.ts'
import { safeText, table } from './terminal.ts'

/** What is said about checkpoints; the doctor's rescue says it in the same words. */

export type ToldCheckpoint =
  | { readonly kind: 'taken'; readonly checkpoint: Checkpoint; readonly pruned: number }
  | { readonly kind: 'unchanged' | 'shown'; readonly checkpoint: Checkpoint }

export function checkpointSentences(told: ToldCheckpoint, reader: Reader): string {
  const { checkpoint } = told
  const { id, fileCount, folder, atMs } = checkpoint
  const files = `${fileCount.toLocaleString('en')} ${fileCount === 1 ? 'file' : 'files'}`
  const first = {
    taken: `Kept as it is now: ${files} of ${safeText(folder)}, as checkpoint ${id}.`,
    unchanged: `Nothing changed since checkpoint ${id} of ${localMoment(atMs, reader)}, which has all ${files}.`,
    shown: `Checkpoint ${id} of ${momentWithDistance(atMs, reader)}: ${files} of ${safeText(folder)}, taken ${safeText(checkpoint.reason)}.`,
  }[told.kind]
  return [
    first,
    ...standing(checkpoint),
    ...leftOut(checkpoint),
    ...(told.kind === 'taken' && told.pruned > 0
      ? [`The oldest ${told.pruned} went for it; at most 200 are kept.`]
      : []),
    'It cannot bring back what the files were before that moment.',
    `Bring it back, beside what is there:\n  npm run plimsoll -- checkpoint restore ${id} --to ${shellWord(safeText(`${folder}-rescued`))}`,
  ].join('\n')
}

/** The commands of a text, for whoever stands in another folder than the one that is meant. */
export const forFolder = (text: string, folder: string): string =>
  text
    .split('\n')
    .map((line) =>
      line.startsWith('  npm run') ? `${line} --folder ${shellWord(safeText(folder))}` : line,
    )
    .join('\n')

const standing = ({ branch, headCommit, place }: Checkpoint): readonly string[] => {
  if (place === 'store') return ['The folder is in no git repository, so its files lie apart.']
  if (place === 'copy') return ['git is not installed, so the files were copied.']
  if (headCommit === null) return []
  const where = branch === null ? 'no branch' : `branch ${safeText(branch)}`
  return [`It stood at ${where}, commit ${headCommit.slice(0, 10)}.`]
}

const reasons: Readonly<Record<SkippedFile['why'], string>> = {
  too_large: 'larger than 50 MB',
  unreadable: 'not readable',
  too_many: 'beyond the bounds of one checkpoint',
  changing: 'would not hold still',
  name: 'git takes no file of that name',
}

function leftOut({ skipped, nested, submodules, absentCount }: Checkpoint): readonly string[] {
  const files = skipped.map(({ path, why }) => `${path} (${reasons[why]})`)
  return [
    ...named('Left out', files),
    ...(absentCount === 0
      ? []
      : [
          `Not in it: ${absentCount.toLocaleString('en')} files that a sparse checkout leaves out.`,
        ]),
    ...named('Repositories within, which have to be kept by themselves', nested),
    ...named('Submodules, of which only the commit is kept', submodules),
  ]
}

const named = (what: string, paths: readonly string[]): readonly string[] =>
  paths.length === 0 ? [] : [`${what}:`, ...shortened(paths).map((path) => `  ${path}`)]

const namesMax = 10

/** A few names stand for a list that nobody would read. */
export function shortened(paths: readonly string[]): readonly string[] {
  const shown = paths.slice(0, namesMax).map(safeText)
  const more = paths.length - shown.length
  return more > 0 ? [...shown, `… and ${more.toLocaleString('en')} more`] : shown
}

export function checkpointTable(
  checkpoints: readonly Checkpoint[],
  { terminal, reader }: CommandContext,
): string {
  if (checkpoints.length === 0) {
    return 'No checkpoint of this folder yet. Take one: npm run plimsoll -- checkpoint take'
  }
  return table(
    terminal,
    [
      { title: 'Checkpoint' },
      { title: 'Taken' },
      { title: 'Why' },
      { title: 'Branch', isFlexible: true },
      { title: 'Files', isRight: true },
    ],
    checkpoints.map(({ id, atMs, reason, branch, fileCount }) => [
      id,
      localMoment(atMs, reader()),
      safeText(reason),
      safeText(branch ?? ''),
      fileCount.toLocaleString('en'),
    ]),
  )
}
