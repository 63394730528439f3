import { useQuery } from '@tanstack/react-query'
import type { UsageAnswer } from '../../../src/admin/contract/answers.ts'
import { read } from '../../data/api.ts'
import { oldestMs } from '../../data/queries.ts'
import { scopePath, type MemberScope } from '../../data/scope.ts'
import { noteServerTime, serverNowMs } from '../../data/server-clock.ts'

/** Figures change by time alone, too: a window ends, a month does. They are asked for again at that moment. */
const soonestMs = 1_000

export const usageKey = (scope: MemberScope) => ['usage', scopePath(scope)] as const

export function useUsage(scope: MemberScope) {
  return useQuery({
    queryKey: usageKey(scope),
    queryFn: async ({ signal }) => {
      const usage = await read<UsageAnswer>(`${scopePath(scope)}/usage`, signal)
      noteServerTime(usage.figures.atMs)
      return usage
    },
    // An answer that was overtaken by a newer one is old.
    structuralSharing: (before, after) => newer(before as UsageAnswer, after as UsageAnswer),
    refetchInterval: ({ state }) => msToNextChange(state.data),
  })
}

const newer = (before: UsageAnswer | undefined, after: UsageAnswer): UsageAnswer =>
  before !== undefined && before.figures.position > after.figures.position ? before : after

function msToNextChange(usage: UsageAnswer | undefined): number {
  if (usage === undefined) return oldestMs
  const { limits, extraUsage } = usage.figures
  const resets = [...limits.map(({ resetMs }) => resetMs), extraUsage.capResetMs]
  const waits = resets.flatMap((resetMs) => (resetMs === null ? [] : [resetMs - serverNowMs()]))
  return Math.max(soonestMs, Math.min(oldestMs, ...waits))
}
