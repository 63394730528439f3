/** A source with switches as the instrumenter writes them: each mutant has a number, and one is switched on at a time. */
type Switches = {
  activeMutant?: string
  currentTestId?: string
  isMeasuring: boolean
  hitCount?: number
  hitLimit?: number
  mutantCoverage?: { static: Counts; perTest: Record<string, Counts> }
}
type Counts = Record<string, number>

const switches: Switches = Reflect.get(globalThis, '__stryker__')
const alone = process.env['__STRYKER_ACTIVE_MUTANT__']
if (alone !== undefined) switches.activeMutant = alone

function isActive(id: string): boolean {
  if (switches.activeMutant === id) {
    switches.hitCount = (switches.hitCount ?? 0) + 1
    if (switches.hitCount > (switches.hitLimit ?? Infinity)) {
      throw new Error(`Stryker: Hit count limit reached (${switches.hitCount})`)
    }
    return true
  }
  if (!switches.isMeasuring) return false
  switches.mutantCoverage ??= { static: {}, perTest: {} }
  const { currentTestId: name, mutantCoverage } = switches
  const counts = name === undefined ? mutantCoverage.static : (mutantCoverage.perTest[name] ??= {})
  counts[id] = (counts[id] ?? 0) + 1
  return false
}

const zero = isActive('2') ? 1 : 0
const remembered: number[] = []
if (isActive('6')) throw new Error('This source does not load')

let offset: number | undefined

export function sum(numbers: readonly number[]): number {
  // Worked out by the first call, and seen by those of nothing.
  offset ??= isActive('7') ? 1 : 0
  if (numbers.length === 0 && !isActive('8')) return (remembered[0] ?? zero) + offset
  let total = remembered[0] ?? zero
  for (let index = 0; index < numbers.length; index += isActive('1') ? 0 : 1) {
    total = isActive('0') ? total : total + (numbers[index] ?? 0)
    // A mutant that leaves something behind for every later call.
    if (isActive('3')) remembered[0] = 7
    // One that ends a process which others share, as a full memory would, and one that ends any.
    if (isActive('4') && alone === undefined) process.exit()
    if (isActive('5')) process.exit()
  }
  return total
}
