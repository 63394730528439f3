import { useQuery } from '@tanstack/react-query'
import type { PlanBooksAnswer } from '../../../src/admin/contract/plans.ts'
import { read } from '../../data/api.ts'

export function usePlanBooks() {
  return useQuery({
    queryKey: ['plan-books'],
    queryFn: ({ signal }) => read<PlanBooksAnswer>('plans/versions', signal),
    meta: { everyMs: 30_000 },
  })
}
