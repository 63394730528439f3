import type { CustomerState, MemberState } from '../../../src/core/account.ts'
import { applyToCustomer, applyToMember, touchesCustomer } from '../../../src/core/apply.ts'
import { emptyCustomer, emptyMember } from '../../../src/core/empty-state.ts'
import type { DriftReport, Entry } from '../../../src/core/entry.ts'
import { holdFault, type Fault } from '../../../src/core/hold-invariants.ts'
import { systemCustomerId } from '../../../src/core/ids.ts'
import { customerFault, memberFault } from '../../../src/core/invariants.ts'
import { decodeEntry, encodeBody, encodeLegs } from '../../../src/storage/entry-codec.ts'
import type { HashedRow } from '../../../src/storage/sqlite-file/journal-reader.ts'
import { chainHash, firstHash } from '../../../src/storage/sqlite-log/journal-writer.ts'
import { Faults } from '../../../src/storage/sqlite-verify/faults.ts'
import { encodeCustomer, encodeMember } from '../../../src/storage/state-codec.ts'
import type { VerifyOptions, VerifyReport } from '../../../src/storage/storage.ts'
import type { CustomerSums } from './node-sums.ts'
import type { SharedDatabase } from './shared-database.ts'

const rowsAtOnce = 500

/**
 * Everything recomputed from the first row on, and a node's sums beside it. In one chain moments never go back;
 * between customers they may, because each is told its moment before its place in the journal.
 */
export function verifyDatabase(
  database: SharedDatabase,
  warm: readonly CustomerSums[],
  { onProgress }: VerifyOptions,
): VerifyReport {
  const last = database.position
  const pass = new DatabasePass()
  for (let done = 0; done < last;) {
    const rows = database.reader.hashedRows(done, rowsAtOnce)
    if (rows.length === 0) {
      pass.faults.add(last, `is the last by count, but the rows end with entry ${done}`)
      break
    }
    for (const row of rows) pass.add(row)
    done = rows.at(-1)?.position ?? last
    onProgress?.(done, last)
  }
  const drifts = warm.flatMap((sums) => pass.driftsOf(sums))
  return {
    entryCount: last,
    customerCount: pass.customers.size,
    memberCount: pass.members.size,
    openHoldCount: [...pass.members.values()].reduce((sum, { holds }) => sum + holds.size, 0),
    faults: pass.faults.list(),
    drifts,
    isHealed: false,
  }
}

class DatabasePass {
  readonly faults = new Faults()
  readonly customers = new Map<string, CustomerState>()
  readonly members = new Map<string, MemberState>()
  readonly #ends = new Map<string, { readonly hash: string; readonly atMs: number }>()
  readonly #positions = new Map<string, number>()
  #position = 0

  add(row: HashedRow): void {
    const { position, customerId, atMs } = row
    const end = this.#ends.get(customerId) ?? { hash: firstHash, atMs: 0 }
    if (position !== this.#position + 1) this.faults.add(position, `follows ${this.#position}`)
    if (atMs < end.atMs) this.faults.add(position, 'is earlier than the entry before it')
    if (chainHash(end.hash, row) !== row.hash) {
      this.faults.add(position, `breaks the chain of customer ${customerId}`)
    }
    this.#ends.set(customerId, { hash: row.hash, atMs })
    this.#position = position
    this.#positions.set(customerId, position)
    const entry = decodeEntry(row)
    if (encodeBody(entry.body) !== row.body || encodeLegs(entry.legs) !== row.legs) {
      this.faults.add(position, 'is not written as this program writes it')
    }
    if (customerId !== systemCustomerId) this.#fold(entry)
  }

  /** A node that is behind has sums of an earlier position, which say nothing here. */
  driftsOf(sums: CustomerSums): readonly DriftReport[] {
    const { customerId, position } = sums
    if (customerId === systemCustomerId || this.#positions.get(customerId) !== position) return []
    return [...sums.texts()].flatMap(([memberId, stored]) => {
      const recomputed = this.#textOf(customerId, memberId)
      if (recomputed === undefined || recomputed === stored) return []
      const where = memberId === '' ? `customer:${customerId}` : `member:${memberId}`
      const since = { sincePosition: position, sinceMs: 0 }
      return [{ where, field: 'sums in memory', stored, recomputed, ...since }]
    })
  }

  #textOf(customerId: string, memberId: string): string | undefined {
    const customer = this.customers.get(customerId)
    const member = this.members.get(`${customerId} ${memberId}`)
    if (memberId === '') return customer && encodeCustomer(customer)
    return member && encodeMember(member)
  }

  #note(position: number, fault: Fault | undefined): void {
    if (fault !== undefined) this.faults.add(position, fault.what)
  }

  #fold(entry: Entry): void {
    const { customerId, memberId, position } = entry
    try {
      if (touchesCustomer(entry)) {
        const customer = this.customers.get(customerId) ?? emptyCustomer(customerId)
        this.customers.set(customerId, customer)
        applyToCustomer(customer, entry)
        this.#note(position, customerFault(customer, entry))
      }
      if (memberId === null) return
      const name = `${customerId} ${memberId}`
      const member = this.members.get(name) ?? emptyMember({ customerId, memberId })
      this.members.set(name, member)
      this.#note(position, holdFault(member, entry))
      applyToMember(member, entry)
      this.#note(position, memberFault(member, entry))
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      this.faults.add(position, `cannot be added to the sums: ${problem}`)
    }
  }
}
