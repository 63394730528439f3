import type { KeyId } from '../../core/ids.ts'

/**
 * How many requests of one key may be under way outside the limit of running requests: those whose body is
 * still coming, and those that cost nothing. It guards memory and connections, not money.
 */
export interface KeyPlaces {
  take(keyId: KeyId): boolean
  giveBack(keyId: KeyId): void
}

export function createKeyPlaces(max: number): KeyPlaces {
  const taken = new Map<KeyId, number>()
  return {
    take(keyId) {
      const count = taken.get(keyId) ?? 0
      if (count >= max) return false
      taken.set(keyId, count + 1)
      return true
    },
    giveBack(keyId) {
      const count = (taken.get(keyId) ?? 0) - 1
      if (count > 0) taken.set(keyId, count)
      else taken.delete(keyId)
    },
  }
}
