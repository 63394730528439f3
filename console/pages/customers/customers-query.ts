import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { CustomerAnswer, PlansAnswer } from '../../../src/admin/contract/answers.ts'
import type { CustomerRowsAnswer, MemberRowsAnswer } from '../../../src/admin/contract/customers.ts'
import { path, read } from '../../data/api.ts'

/** Lists look at many accounts, so they are not asked for at every change of one. */
const everyMs = 3_000
const rowsMax = 50

export function useCustomers(search: string) {
  return useInfiniteQuery({
    queryKey: ['customers', search],
    queryFn: ({ pageParam, signal }) =>
      read<CustomerRowsAnswer>(
        `customers?withLimits=true&rowsMax=${rowsMax}&afterPosition=${pageParam}${searchPart(search)}`,
        signal,
      ),
    initialPageParam: 0,
    getNextPageParam: ({ afterPosition }) => afterPosition,
    placeholderData: keepPreviousData,
    meta: { everyMs },
  })
}

export function useMembers(customerId: string, search: string) {
  return useInfiniteQuery({
    queryKey: ['members', customerId, search],
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam === '' ? '' : `&afterMemberId=${encodeURIComponent(pageParam)}`
      const list = path`customers/${customerId}`
      return read<MemberRowsAnswer>(
        `${list}/members?withLimits=true&rowsMax=${rowsMax}${after}${searchPart(search)}`,
        signal,
      )
    },
    initialPageParam: '',
    getNextPageParam: ({ afterMemberId }) => afterMemberId,
    placeholderData: keepPreviousData,
    meta: { everyMs },
  })
}

const searchPart = (search: string): string =>
  search.trim() === '' ? '' : `&search=${encodeURIComponent(search.trim())}`

export function useCustomer(customerId: string) {
  return useQuery({
    queryKey: ['customer', customerId],
    queryFn: ({ signal }) => read<CustomerAnswer>(path`customers/${customerId}`, signal),
  })
}

export function usePlans() {
  return useQuery({
    queryKey: ['plans'],
    queryFn: async ({ signal }) => (await read<PlansAnswer>('plans', signal)).plans,
  })
}
