import { Chance } from './engine/chance.ts'
import { faultKinds, type FaultKind } from './faults/trouble-maker.ts'
import { nodeFaultKinds, type NodeFaultKind } from './nodes/node-troubles.ts'

export type Wallets = 'usual' | 'poor' | 'capped' | 'reloading'

/** What one seed's world is like: who is there, and what goes wrong how often. */
export type Mix = {
  readonly seed: number
  readonly customers: number
  readonly latencyMs: number
  readonly piecesPercent: number
  readonly writeMs: number
  readonly thinkMs: number
  /** In how many of a hundred requests the caller leaves before the end. */
  readonly leavingPercent: number
  readonly administrators: number
  readonly administratorMs: number
  readonly strangerMs: number
  readonly upstreamTroublePercent: number
  readonly upstreamEventMs: number
  readonly planScale: number
  readonly snapshotEvery: number
  readonly holdMaxMs: number
  /** In dollars; where it is small, holds take the worst case. */
  readonly overrunMax: number
  /** None in some worlds: there, nothing at all may be unavailable. */
  readonly faults: readonly FaultKind[]
  readonly faultEveryMs: number
  /** Now and then a rule drafts what no books can have. */
  readonly hasBrokenRules: boolean
  /** What customers have: enough, hardly anything, caps that bind, or wallets that fill themselves. */
  readonly wallets: Wallets
  /** In how many of a hundred requests the answer is much longer than usual. */
  readonly longPercent: number
  /** The plans of everybody are published anew now and then. */
  readonly hasNewPlans: boolean
  /** How many nodes share one database; 1 is one process with its own journal. */
  readonly nodes: number
  /** How long a node's question to the database is usually on its way. */
  readonly databaseMs: number
  readonly nodeFaults: readonly NodeFaultKind[]
  /** Time goes by whole milliseconds. */
  readonly isWholeMs: boolean
}

/**
 * A world in which nobody can slow anybody down: no latency, no faults of its own. What one customer is told then depends
 * on that customer alone.
 */
export function stillMixOf(seed: number): Mix {
  const chance = new Chance(`still/${seed}`)
  return {
    ...mixOf(seed),
    customers: chance.between(2, 4),
    administrators: 1,
    latencyMs: 0,
    piecesPercent: 0,
    writeMs: 0,
    upstreamTroublePercent: 0,
    faults: [],
    hasBrokenRules: false,
    nodes: 1,
    hasNewPlans: false,
    isWholeMs: true,
  }
}

/** A fifth of the seeds have several nodes. */
export function mixOf(seed: number): Mix {
  const mix = oneServerMixOf(seed)
  const chance = new Chance(`nodes/${seed}`)
  return chance.percent(20) ? mixOfNodes(seed, chance.between(2, 4)) : mix
}

/** The same people, and other faults: those of nodes and of the way to their database. */
export function mixOfNodes(seed: number, nodes: number): Mix {
  const mix = oneServerMixOf(seed)
  if (nodes === 1) return mix
  const chance = new Chance(`nodes/${seed}/mix`)
  return {
    ...mix,
    nodes,
    databaseMs: chance.pick([0.2, 1, 5]),
    faults: [],
    hasBrokenRules: false,
    nodeFaults: mix.faults.length === 0 ? [] : nodeFaultKinds.filter(() => chance.percent(50)),
  }
}

function oneServerMixOf(seed: number): Mix {
  const chance = new Chance(`mix/${seed}`)
  const wallets = chance.fork('wallets').pick<Wallets>(['usual', 'poor', 'capped', 'reloading'])
  return {
    seed,
    wallets,
    longPercent: wallets === 'usual' ? 0 : 8,
    customers: chance.between(1, 5),
    latencyMs: chance.pick([0.5, 2, 10, 60]),
    piecesPercent: chance.pick([0, 5, 30]),
    writeMs: chance.pick([0.5, 2, 8]),
    thinkMs: chance.pick([200, 1000, 5000]),
    leavingPercent: chance.pick([0, 22, 22, 50]),
    administrators: chance.pick([0, 1, 1, 2]),
    administratorMs: chance.pick([1000, 5000, 20_000]),
    strangerMs: chance.pick([2000, 20_000, 200_000]),
    upstreamTroublePercent: chance.pick([0, 10, 40]),
    upstreamEventMs: chance.pick([5, 50, 400]),
    planScale: chance.pick([0.25, 1, 3, 10]),
    snapshotEvery: chance.pick([4, 16, 64]),
    faults: chance.percent(20) ? [] : faultKinds.filter(() => chance.percent(40)),
    faultEveryMs: chance.pick([1500, 8000, 40_000]),
    hasBrokenRules: chance.fork('broken rules').percent(30),
    hasNewPlans: true,
    isWholeMs: false,
    nodes: 1,
    databaseMs: 0,
    nodeFaults: [],
    overrunMax: chance.pick(wallets === 'poor' ? [1, 2, 4] : [3, 40, 400]),
    holdMaxMs: chance.pick([20_000, 180_000, 3_600_000]),
  }
}
