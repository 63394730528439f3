import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CheckpointError, type Checkpoint } from '../../doctor/checkpoint/checkpoint.ts'
import {
  openCheckpointBook,
  type CheckpointBook,
  type PlannedRestore,
} from '../../doctor/checkpoint/checkpoint-book.ts'
import { takeCheckpoint } from '../../doctor/checkpoint/take-checkpoint.ts'
import { stateFolder } from '../../doctor/state-folder.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { checkpointSentences, checkpointTable, forFolder, shortened } from '../checkpoint-text.ts'
import { wrongUse } from '../exit-codes.ts'
import { paint, safeText } from '../terminal.ts'

type Where = { readonly folder?: string }

/** `plimsoll checkpoint …`: keeps a work tree as it is, and brings it back. Needs no server. */
export function addCheckpointCommands(program: Command, cli: CommandLine): void {
  const group = program
    .command('checkpoint')
    .description("keep a folder's files as they are now, and bring them back; needs no server")
  addTake(group, cli)
  addList(group, cli)
  addShow(group, cli)
  addDiff(group, cli)
  addRestore(group, cli)
  addPrune(group, cli)
}

const withFolder = (command: Command): Command =>
  command.option('--folder <folder>', 'the folder that is meant; the current one where left out')

const withWanted = (command: Command): Command =>
  withFolder(command).argument('[checkpoint]', 'its id, the beginning of it, or "latest"', 'latest')

function addTake(group: Command, cli: CommandLine): void {
  withFolder(group.command('take'))
    .description('keep the files as they are now; index, branches, stash and hooks stay untouched')
    .action((options: Where, command: Command) =>
      cli.runAnyway(command, async (context) => {
        const outcome = await takeCheckpoint(partsOf(context), {
          folder: folderOf(context, options),
          reason: 'by hand',
        })
        if (outcome.kind === 'failed') throw new CheckpointError(outcome.message)
        context.say(outcome, () =>
          here(checkpointSentences(outcome, context.reader()), context, options),
        )
      }),
    )
}

function addList(group: Command, cli: CommandLine): void {
  withFolder(group.command('list'))
    .description('the checkpoints of this folder, newest first')
    .action((options: Where, command: Command) =>
      cli.runAnyway(command, async (context) => {
        const checkpoints = await (await bookOf(context, options)).list()
        context.show({ checkpoints }, () => checkpointTable(checkpoints, context))
      }),
    )
}

function addShow(group: Command, cli: CommandLine): void {
  withWanted(group.command('show'))
    .description('what was kept, what was left out, and what differs from the commit it stood at')
    .action((wanted: string, options: Where, command: Command) =>
      cli.runAnyway(command, async (context) => {
        const book = await bookOf(context, options)
        const checkpoint = await book.find(wanted)
        const changes = checkpoint.place === 'copy' ? '' : await book.changes(checkpoint.id)
        context.say({ checkpoint, changes: linesOf(changes) }, () => {
          const told = here(
            checkpointSentences({ kind: 'shown', checkpoint }, context.reader()),
            context,
            options,
          )
          const about =
            checkpoint.headCommit === null ? 'Files:' : 'Against the commit that it stood at:'
          return `${told}\n\n${about}\n${indented(changes === '' ? 'nothing' : changes)}`
        })
      }),
    )
}

function addDiff(group: Command, cli: CommandLine): void {
  withWanted(group.command('diff'))
    .description('from the checkpoint to the files as they are now')
    .option('--names', 'only the names of the files that differ')
    .action((wanted: string, options: Where & { readonly names?: boolean }, command: Command) =>
      cli.runAnyway(command, async (context) => {
        const book = await bookOf(context, options)
        const how = options.names === true ? 'names' : 'whole'
        const text = await book.differences(wanted, how)
        context.show({ differences: text }, () =>
          text === '' ? 'Nothing differs.' : linesOf(text).map(withoutTabs).join('\n'),
        )
        if (text !== '') context.reportDifference()
      }),
    )
}

type Restoring = Where & {
  readonly to?: string
  readonly branch?: string
  readonly inPlace?: boolean
  readonly yes?: boolean
}

function addRestore(group: Command, cli: CommandLine): void {
  withWanted(group.command('restore'))
    .description('bring the files back: into a new folder, as a new branch, or over what is there')
    .option('--to <folder>', 'into this folder, which must be new or empty')
    .option('--branch <name>', 'as a new branch; nothing is checked out')
    .option('--in-place', 'over the files that are there; says first what would change')
    .option('--yes', 'with --in-place: do it')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- checkpoint restore latest --to ../rescued\n' +
        '  npm run plimsoll -- checkpoint restore cp_7f3k --in-place --yes',
    )
    .action((wanted: string, options: Restoring, command: Command) =>
      cli.runAnyway(command, async (context) => {
        const { to, branch, inPlace } = options
        const ways = [to, branch, inPlace].filter((way) => way !== undefined)
        if (ways.length !== 1) {
          throw wrongUse(
            'Say where the files are to go: --to <folder>, --branch <name> or --in-place.',
            'Nothing was changed.',
          )
        }
        const book = await bookOf(context, options)
        const checkpoint = await book.find(wanted)
        if (to !== undefined) return restoreTo(context, { book, checkpoint, to })
        if (branch !== undefined) return restoreAs(context, { book, checkpoint, branch })
        const isSure = options.yes === true
        await restoreOver(context, { book, checkpoint, isSure, where: options })
      }),
    )
}

type Chosen = { readonly book: CheckpointBook; readonly checkpoint: Checkpoint }

async function restoreTo(context: CommandContext, chosen: Chosen & { readonly to: string }) {
  const folder = resolve(context.folder, chosen.to)
  await chosen.book.restoreToFolder(chosen.checkpoint.id, folder)
  const { id, fileCount } = chosen.checkpoint
  context.say(
    { restored: id, folder },
    () => `${fileCount.toLocaleString('en')} files of ${id} are in ${safeText(folder)}.`,
  )
}

async function restoreAs(context: CommandContext, chosen: Chosen & { readonly branch: string }) {
  const { branch } = chosen
  const { commit } = await chosen.book.restoreToBranch(chosen.checkpoint.id, branch)
  context.say(
    { restored: chosen.checkpoint.id, branch, commit },
    () =>
      `Branch ${safeText(branch)} has the files of ${chosen.checkpoint.id}. Go there with:\n  git switch ${safeText(branch)}`,
  )
}

async function restoreOver(
  context: CommandContext,
  chosen: Chosen & { readonly isSure: boolean; readonly where: Where },
) {
  const { book, checkpoint, isSure, where } = chosen
  const plan = await book.planInPlace(checkpoint.id)
  const failed = isSure ? await plan.apply() : []
  const changes = plan.changes.map(({ path, what }) => ({ path: path.toString('utf8'), what }))
  const leftAlone = [...plan.leftAlone, ...failed]
  const answer = { restored: isSure ? checkpoint.id : null, undo: plan.undo.id, changes, leftAlone }
  context.say(answer, () =>
    here(planText(context, { checkpoint, plan, leftAlone, isSure }), context, where),
  )
}

const marks = { write: 'M', add: 'A', remove: 'D' } as const
const changesShownMax = 200

function planText(
  context: CommandContext,
  planned: {
    readonly checkpoint: Checkpoint
    readonly plan: PlannedRestore
    readonly leftAlone: readonly string[]
    readonly isSure: boolean
  },
): string {
  const { checkpoint, plan, leftAlone, isSure } = planned
  const { changes, undo } = plan
  if (changes.length === 0 && leftAlone.length === 0) return 'The files are as they were then.'
  const lines = changes
    .slice(0, changesShownMax)
    .map(({ path, what }) => `  ${marks[what]} ${safeText(path.toString('utf8'))}`)
  if (changes.length > changesShownMax)
    lines.push(`  … and ${changes.length - changesShownMax} more`)
  const head = isSure ? 'Brought back' : 'Would be brought back'
  const kept = leftAlone.length === 0 ? [] : ['', ...leftAloneLines(context, leftAlone)]
  const next = isSure
    ? `Undo it:\n  npm run plimsoll -- checkpoint restore ${undo.id} --in-place --yes`
    : `Nothing was changed. Do it:\n  npm run plimsoll -- checkpoint restore ${checkpoint.id} --in-place --yes`
  return [`${head} (A added, M overwritten, D removed):`, ...lines, ...kept, '', next].join('\n')
}

const leftAloneLines = (context: CommandContext, paths: readonly string[]): readonly string[] => [
  paint(
    context.terminal,
    'yellow',
    'Left alone, because what lies there now is not kept anywhere, or is a submodule:',
  ),
  ...shortened(paths).map((path) => `  ${path}`),
]

type Pruning = Where & { readonly keep?: string; readonly yes?: boolean }

function addPrune(group: Command, cli: CommandLine): void {
  withFolder(group.command('prune'))
    .description('forget old checkpoints; says first which')
    .option('--keep <count>', 'the newest that stay', '20')
    .option('--yes', 'do it')
    .action((options: Pruning, command: Command) =>
      cli.runAnyway(command, async (context) => {
        const keep = Number(options.keep)
        if (!Number.isSafeInteger(keep) || keep < 0) {
          throw wrongUse('--keep takes a whole number.', 'Nothing was forgotten.')
        }
        const book = await bookOf(context, options)
        const old = (await book.list()).slice(keep)
        const isSure = options.yes === true
        const ids = old.map(({ id }) => id)
        if (isSure) await book.forget(ids)
        context.show({ forgotten: isSure ? ids : [], wouldForget: isSure ? [] : ids }, () => {
          if (old.length === 0) return 'There is nothing to forget.'
          if (isSure) return `${old.length} forgotten.`
          const told = `These would be forgotten:\n${checkpointTable(old, context)}\n\nNothing was forgotten yet. Do it with:\n  npm run plimsoll -- checkpoint prune --keep ${keep} --yes`
          return here(told, context, options)
        })
      }),
    )
}

const partsOf = ({ clock, random, machine }: CommandContext) => ({
  clock,
  random,
  environment: machine.environment,
  stateFolder: stateFolder(machine),
})

/** The commands of a text as they are pasted where the person stands. */
const here = (text: string, context: CommandContext, where: Where): string =>
  folderOf(context, where) === context.folder ? text : forFolder(text, folderOf(context, where))

const folderOf = (context: CommandContext, { folder }: Where): string =>
  folder === undefined ? context.folder : resolve(context.folder, folder)

const bookOf = (context: CommandContext, where: Where): Promise<CheckpointBook> =>
  openCheckpointBook(partsOf(context), folderOf(context, where))

/** A tab steers the terminal, too, and means nothing worse than space. */
const withoutTabs = (line: string): string => safeText(line.replaceAll('\t', '  '))

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'))

const indented = (text: string): string =>
  linesOf(text)
    .map((line) => `  ${withoutTabs(line)}`)
    .join('\n')
