import { formatMoney } from '../../core/money.ts'
import {
  agoText,
  bad,
  countOf,
  fine,
  sizeText,
  warning,
  type Check,
  type Finding,
} from '../check.ts'
import type { StorageProblem } from '../../storage/storage.ts'
import type { ServerFacts } from '../server-facts.ts'

/** Checks of the books: is the journal written, is it right, is the clock right, what does the operator absorb. */
export const bookChecks: readonly Check<ServerFacts>[] = [
  { id: 'journal', look: lookAtJournal },
  { id: 'storage', look: lookAtStorage },
  { id: 'backup', look: lookAtBackup },
  { id: 'drift', look: lookAtDrift },
  { id: 'holds', look: lookAtHolds },
  { id: 'lost-holds', look: lookAtLost },
  { id: 'overrun', look: lookAtOverrun },
  { id: 'clock', look: lookAtClock },
]

function lookAtJournal({ journalTrouble, storage, nowMs }: ServerFacts): Finding {
  const sinceMs = storage.problems.find(({ name }) => name === 'journal-away')?.sinceMs ?? null
  const since = sinceMs === null ? '' : ` (since ${agoText(nowMs - sinceMs)})`
  if (journalTrouble === null) return fine('The journal is written.')
  return bad({
    found: `The journal cannot be written${since}: ${journalTrouble}`,
    meaning:
      'Every request is answered with 503. Nothing that was acknowledged is lost, and the server goes on by itself once the disk is back.',
    say: 'See whether the disk is full, read-only or gone; the log says what the system answered.',
    run: null,
  })
}

/** A start takes an erasure to be open until it has emptied the log once. */
const settlesMs = 60_000

/** What the storage itself knows to be wrong, but for what has a check of its own. */
function lookAtStorage({ storage, upMs }: ServerFacts): Finding {
  const isSettled = upMs > settlesMs
  const own = storage.problems.filter(
    ({ name }) =>
      name !== 'journal-away' && name !== 'disk-low' && (name !== 'erasure-open' || isSettled),
  )
  const [first] = own
  if (first === undefined) {
    return fine(
      `${sizeText(storage.logBytes)} of the journal's log would be read again at a start (at most ${sizeText(storage.logBytesMax)}).`,
    )
  }
  const more = own.length === 1 ? '' : ` (and ${own.length - 1} more)`
  const trouble = {
    found: `${first.message}${more}`,
    meaning: meanings[first.name],
    say: first.remedy,
    run: isBroken(first) ? 'plimsoll verify' : null,
  }
  return isBroken(first) ? bad(trouble) : warning(trouble)
}

const isBroken = ({ name }: StorageProblem): boolean =>
  name === 'journal-damaged' || name === 'customer-quarantined'

const meanings = {
  'journal-away': 'Requests are answered with 503.',
  'journal-damaged': 'Accounts that rest on the damaged entries cannot be served.',
  'customer-quarantined':
    'Requests and changes of that customer are answered with 503; what runs goes on, and its holds expire.',
  'log-too-long': 'The log takes disk, and a start takes longer.',
  'erasure-open': 'What was erased can still be read from the files.',
  'disk-low': 'The journal stops when nothing is left.',
} as const

/** A journal with so many entries is somebody's books, not a first try. */
const worthABackup = 10_000
const backupOldMs = 7 * 24 * 3_600_000

function lookAtBackup({ storage, position, nowMs }: ServerFacts): Finding {
  const last = storage.lastBackup
  if (last !== null && nowMs - last.atMs < backupOldMs) {
    return fine(`The last backup that was checked is ${agoText(nowMs - last.atMs)} old.`)
  }
  if (position < worthABackup) return fine('The journal is young; no backup of it is missed yet.')
  const age =
    last === null ? 'There is no backup' : `The last backup is ${agoText(nowMs - last.atMs)} old`
  return warning({
    found: `${age}; the journal has ${position.toLocaleString('en')} entries.`,
    meaning: 'What a disk takes with it is gone: balances, caps, and the proof of every charge.',
    say: 'Make one, and again every night, on another disk (docs/backup.md):',
    run: 'plimsoll backup plimsoll-backup.db --force',
  })
}

const driftRecentMs = 7 * 24 * 3_600_000

function lookAtDrift({ lastDriftMs, lastVerify, nowMs }: ServerFacts): Finding {
  const verified = lastVerify?.report
  if (verified !== undefined && verified.faults.length > 0) {
    return bad({
      found: `The last verify found the journal itself damaged: ${verified.faults[0]}`,
      meaning: 'What the books say cannot be proven any more.',
      say: 'Stop the server, keep a copy of the data folder, and restore the last backup. To see it again:',
      run: 'plimsoll verify',
    })
  }
  if (verified !== undefined && verified.drifts.length > 0 && !verified.isHealed) {
    return bad({
      found: `Stored sums differ from the journal in ${verified.drifts.length} places, and were not put right.`,
      meaning:
        'Decisions follow the journal, so none is wrong because of it; starts and rebuilds are slower.',
      say: 'Put the stored sums right:',
      run: 'plimsoll verify --heal',
    })
  }
  const isUnproven = lastDriftMs !== null && (lastVerify === null || lastVerify.atMs < lastDriftMs)
  if (isUnproven && nowMs - lastDriftMs < driftRecentMs) {
    return warning({
      found: `A stored sum differed from the journal ${agoText(nowMs - lastDriftMs)} ago, and was put right.`,
      meaning: 'No decision was wrong, but something wrote into the file or the disk is failing.',
      say: 'Look at what differed (plimsoll drift), then prove that everything is right now:',
      run: 'plimsoll verify',
    })
  }
  const age =
    lastVerify === null
      ? 'Nobody has verified everything since this start.'
      : `The last full verify, ${agoText(nowMs - lastVerify.atMs)} ago, found everything right.`
  return fine(`No stored sum is known to differ from the journal. ${age}`)
}

/** The sweep looks every second; a hold so long past its end says that it does not. */
const overdueMaxMs = 60_000

function lookAtHolds({ holds }: ServerFacts): Finding {
  if (holds.mostOverdueMs <= overdueMaxMs)
    return fine(`${countOf(holds.count, 'request')} at work now.`)
  return bad({
    found: `A hold is open ${agoText(holds.mostOverdueMs)} past its end.`,
    meaning: 'What it keeps is missing to its member.',
    say: 'Restart the server: a start ends every hold that nobody settles.',
    run: null,
  })
}

function lookAtLost({ customers, settings }: ServerFacts): Finding {
  const lost = customers.filter(({ lostNanos }) => lostNanos > 0n)
  if (lost.length === 0) return fine('No request was lost by a crash this month.')
  const all = lost.reduce((sum, { lostNanos }) => sum + lostNanos, 0n)
  return warning({
    found: `Requests of ${countOf(lost.length, 'customer')} ended without a settle this month (expected cost ${formatMoney(all, settings.currencySymbol)}).`,
    meaning:
      'The customers got everything back; the upstream may have charged you for them. It happens when the server is killed.',
    say: 'Give a stop enough time (drainMs, and TimeoutStopSec or the grace period around it; docs/running.md), and see which they were:',
    run: `plimsoll history --customer ${lost[0]?.customerId ?? ''} --all`,
  })
}

const overrunNear = { part: 8n, of: 10n }
const shownMax = 3

function lookAtOverrun({ customers, customersLeftOut, settings }: ServerFacts): Finding {
  const near = customers
    .filter(
      ({ overrunNanos, overrunMaxNanos }) =>
        overrunNanos > 0n && overrunNanos * overrunNear.of >= overrunMaxNanos * overrunNear.part,
    )
    .toSorted((left, right) => (left.overrunNanos < right.overrunNanos ? 1 : -1))
  const [worst] = near
  if (worst === undefined) {
    const among = customersLeftOut ? `the ${customers.length} newest customers` : 'all customers'
    return fine(`What the operator absorbs this month is far from its bound for ${among}.`)
  }
  const money = (nanos: bigint): string => formatMoney(nanos, settings.currencySymbol)
  const told = near
    .slice(0, shownMax)
    .map(
      ({ customerId, overrunNanos, overrunMaxNanos }) =>
        `${customerId}: ${money(overrunNanos)} of ${money(overrunMaxNanos)}`,
    )
  return warning({
    found: `The operator's part is near its monthly bound for ${countOf(near.length, 'customer')} (${told.join('; ')}).`,
    meaning:
      'Past the bound their extra-usage requests hold the worst case, so requests with a large max_tokens may be refused although they would be cheap.',
    say: 'See what their requests cost beyond what could be charged; a top-up gives them room:',
    run: `plimsoll history --customer ${worst.customerId} --all`,
  })
}

function lookAtClock({ clock }: ServerFacts): Finding {
  const { isJumpHeld, isBehind, correctsToMs, recordMs, wallMs } = clock
  if (isJumpHeld) {
    return bad({
      found: `This machine's clock jumped ${agoText(wallMs - recordMs)} ahead, and nothing confirms it.`,
      meaning: 'Windows keep the old time: resets that are due by the new time do not come.',
      say: 'Set the clock right. If it is right now, say so:',
      run: 'plimsoll clock adopt',
    })
  }
  if (isBehind && correctsToMs !== null) {
    return bad({
      found: `This machine's clock is ${agoText(recordMs - wallMs)} behind a jump that was followed.`,
      meaning:
        'The jump may have been wrong. If so, windows end and credit expires too early for everybody.',
      say: 'Set the clock of this machine right. If it is right now, go back to it:',
      run: 'plimsoll clock correct --yes',
    })
  }
  if (isBehind) {
    return warning({
      found: `This machine's clock is ${agoText(recordMs - wallMs)} behind the journal.`,
      meaning:
        'Time in the books does not step back: windows run a tenth slower until the clock has caught up.',
      say: 'Set the clock of this machine right (NTP):',
      run: 'timedatectl set-ntp true',
    })
  }
  return fine('The clock agrees with the journal.')
}
