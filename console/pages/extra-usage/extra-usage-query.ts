import { useQuery } from '@tanstack/react-query'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { read } from '../../data/api.ts'
import { oldestMs } from '../../data/queries.ts'
import { scopePath, type Scope } from '../../data/scope.ts'
import { noteServerTime, serverNowMs } from '../../data/server-clock.ts'

const soonestMs = 1_000

/** The wallet changes by time alone, too: credit expires, and the month of the cap ends. */
export function useExtraUsage(scope: Scope) {
  return useQuery({
    queryKey: ['extra-usage', scopePath(scope)],
    queryFn: async ({ signal }) => {
      const wallet = await read<ExtraUsageAnswer>(`${scopePath(scope)}/extra-usage`, signal)
      noteServerTime(wallet.atMs)
      return wallet
    },
    refetchInterval: ({ state }) => msToNextChange(state.data),
  })
}

function msToNextChange(wallet: ExtraUsageAnswer | undefined): number {
  if (wallet === undefined) return oldestMs
  const moments = [
    wallet.capResetMs,
    ...wallet.grants.flatMap(({ expiresAtMs }) => expiresAtMs ?? []),
  ]
  const waits = moments.map((atMs) => atMs - serverNowMs())
  return Math.max(soonestMs, Math.min(oldestMs, ...waits))
}
