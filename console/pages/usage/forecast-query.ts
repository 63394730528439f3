import { useQuery } from '@tanstack/react-query'
import type { ForecastAnswer } from '../../../src/admin/contract/series.ts'
import { read } from '../../data/api.ts'
import { scopePath, type MemberScope } from '../../data/scope.ts'

/** Reads weeks of use, and moves slowly: asked for a few times a minute at most. */
const everyMs = 15_000

export function useForecast(scope: MemberScope) {
  return useQuery({
    queryKey: ['forecast', scopePath(scope)],
    queryFn: ({ signal }) => read<ForecastAnswer>(`${scopePath(scope)}/forecast`, signal),
    meta: { everyMs },
  })
}
