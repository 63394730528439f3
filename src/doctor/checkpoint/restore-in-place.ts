import { lstatSync, rmdirSync, unlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { SkippedFile } from './checkpoint.ts'
import { asList, itemsOf, type Git } from './git-program.ts'
import type { Ground } from './ground.ts'
import { withTree, type RestoreParts } from './restore.ts'

/**
 * Bringing a checkpoint back over what is there. First everything is kept as it is now, so that this can be
 * undone as well; only what that keeps is ever overwritten or removed. What is ignored, too large or
 * unreadable now is left alone and named.
 */
export type InPlacePlan = {
  readonly from: string
  readonly to: string
  readonly changes: readonly PlannedChange[]
  readonly leftAlone: readonly string[]
}

export type PlannedChange = {
  readonly path: Buffer
  readonly what: 'write' | 'add' | 'remove'
}

export async function planInPlace(
  git: Git,
  ground: Ground,
  trees: {
    readonly from: string
    readonly to: string
    readonly skipped: readonly SkippedFile[]
    /** What the target lacks may have been left out of a sparse checkout. */
    readonly isSparse: boolean
  },
): Promise<InPlacePlan> {
  const { from, to, skipped, isSparse } = trees
  const asked = ['diff-tree', '-r', '-z', '--raw', '--no-renames', from, to]
  const items = itemsOf(await git(asked, ground.own))
  const unkept = new Set(skipped.map(({ path }) => path))
  const changes: PlannedChange[] = []
  const leftAlone: string[] = []
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [head = '', path = Buffer.alloc(0)] = [items[at]?.toString('latin1'), items[at + 1]]
    const isSubmodule = /^:160000 |^:\d+ 160000 /.test(head)
    const what = words.get(head.at(-1) ?? '') ?? 'write'
    const isUnkept =
      what === 'add' && (unkept.has(path.toString('utf8')) || isInTheWay(ground, path))
    if (isSubmodule || isUnkept || (isSparse && what === 'remove'))
      leftAlone.push(path.toString('utf8'))
    else changes.push({ path, what })
  }
  return dropBlocked(ground, { from, to, changes, leftAlone })
}

const words: ReadonlyMap<string, PlannedChange['what']> = new Map([
  ['A', 'add'],
  ['D', 'remove'],
  ['M', 'write'],
  ['T', 'write'],
])

/** Something lies at the path of a file to add that the first step did not keep: ignored, most likely. */
function isInTheWay({ workTree }: Ground, path: Buffer): boolean {
  const stats = statOf(workTree, path)
  if (stats === undefined || stats.isDirectory()) return false
  // Behind a link lies nothing of this folder.
  return parentsOf(path).every((parent) => statOf(workTree, parent)?.isDirectory() === true)
}

/** A parent of a file to add may be a file that was not kept; one that is to be removed is no hindrance. */
function dropBlocked(ground: Ground, plan: InPlacePlan): InPlacePlan {
  const removed = new Set(
    plan.changes.filter(({ what }) => what === 'remove').map(({ path }) => path.toString('latin1')),
  )
  const isBlocked = ({ path, what }: PlannedChange): boolean =>
    what === 'add' &&
    parentsOf(path).some((parent) => {
      const stats = statOf(ground.workTree, parent)
      return stats !== undefined && !stats.isDirectory() && !removed.has(parent.toString('latin1'))
    })
  const blocked = plan.changes.filter(isBlocked)
  return {
    ...plan,
    changes: plan.changes.filter((change) => !blocked.includes(change)),
    leftAlone: [...plan.leftAlone, ...blocked.map(({ path }) => path.toString('utf8'))],
  }
}

/** The paths at which two trees differ, in Latin-1. */
export async function changedPaths(
  git: Git,
  { own }: Ground,
  trees: readonly [string, string],
): Promise<ReadonlySet<string>> {
  const output = await git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', ...trees], own)
  return new Set(itemsOf(output).map((path) => path.toString('latin1')))
}

/**
 * Carries the plan out; the answer names what could not be done because something was in the way, or because it
 * moved since the plan was made and is not kept.
 */
export async function applyInPlace(
  parts: RestoreParts,
  planned: InPlacePlan,
  moved: ReadonlySet<string>,
): Promise<readonly string[]> {
  const { git, ground } = parts
  const plan = withoutMoved(ground, planned, moved)
  const failed = plan.leftAlone.slice(planned.leftAlone.length)
  // The tree is read first: where that fails, nothing was removed yet.
  await withTree(parts, plan.to, async (own) => {
    for (const { path, what } of plan.changes) {
      if (what === 'remove') removeFile(ground.workTree, path)
    }
    const written = plan.changes.filter(({ path, what }) => {
      if (what === 'remove') return false
      // A folder that still stands here holds what was not kept; git would remove it whole.
      const isFolder = statOf(ground.workTree, path)?.isDirectory() === true
      if (isFolder) failed.push(path.toString('utf8'))
      return !isFolder
    })
    if (written.length === 0) return
    const input = asList(written.map(({ path }) => path))
    await git(['checkout-index', '--force', '-z', '--stdin'], { ...own, input })
  })
  return failed
}

function withoutMoved(ground: Ground, plan: InPlacePlan, moved: ReadonlySet<string>): InPlacePlan {
  const isMoved = ({ path, what }: PlannedChange): boolean =>
    [path, ...parentsOf(path)].some((each) => moved.has(each.toString('latin1'))) ||
    (what === 'add' && isInTheWay(ground, path))
  const left = plan.changes.filter(isMoved).map(({ path }) => path.toString('utf8'))
  return dropBlocked(ground, {
    ...plan,
    changes: plan.changes.filter((change) => !isMoved(change)),
    leftAlone: [...plan.leftAlone, ...left],
  })
}

/** Removes a file and the folders that this leaves empty; never through a link. */
function removeFile(workTree: string, path: Buffer): void {
  const parents = parentsOf(path)
  const isPlain = parents.every((parent) => statOf(workTree, parent)?.isDirectory() === true)
  const stats = statOf(workTree, path)
  if (!isPlain || stats === undefined || stats.isDirectory()) return
  unlinkSync(whole(workTree, path))
  for (const parent of parents.toReversed()) {
    try {
      rmdirSync(whole(workTree, parent))
    } catch {
      return
    }
  }
}

const slash = 47

/** Outermost first: of `a/b/c`, `a` and `a/b`. */
function parentsOf(path: Buffer): readonly Buffer[] {
  const parents: Buffer[] = []
  for (let at = path.indexOf(slash); at !== -1; at = path.indexOf(slash, at + 1)) {
    parents.push(path.subarray(0, at))
  }
  return parents
}

const whole = (workTree: string, path: Buffer): Buffer =>
  Buffer.concat([Buffer.from(join(workTree, '/')), path])

const statOf = (workTree: string, path: Buffer): Stats | undefined => {
  try {
    return lstatSync(whole(workTree, path))
  } catch {
    return undefined
  }
}
