import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { HistoryAnswer } from '../../../src/admin/contract/answers.ts'
import { useFilters } from '../../data/address.ts'
import { read } from '../../data/api.ts'
import { momentText, queryText } from '../../data/query-text.ts'
import { scopePath, type Scope } from '../../data/scope.ts'

/** A history as its filters in the address want it. */
export type Line = HistoryAnswer['lines'][number]

export const filterNames = ['kind', 'model', 'source', 'member', 'text', 'from', 'to'] as const

/** The filters as the API takes them, for the list and for its file. */
export function useAsked(): Readonly<Record<string, string>> {
  const filters = useFilters()
  return {
    kind: filters.get('kind'),
    model: filters.get('model'),
    source: filters.get('source'),
    member: filters.get('member'),
    text: filters.get('text'),
    fromMs: momentText(filters.get('from')),
    toMs: momentText(filters.get('to')),
  }
}

/** Entries without a wanted line are many; so many pages are asked for before somebody says to go on. */
const pagesUnasked = 20

export function useHistory(scope: Scope) {
  const asked = useAsked()
  const query = useInfiniteQuery({
    queryKey: ['history', scopePath(scope), asked],
    queryFn: ({ signal, pageParam }) =>
      read<HistoryAnswer>(
        `${scopePath(scope)}/history?${queryText({ ...asked, beforePosition: pageParam })}`,
        signal,
      ),
    initialPageParam: null as number | null,
    getNextPageParam: ({ beforePosition }) => beforePosition,
    placeholderData: keepPreviousData,
    meta: { everyMs: 3_000 },
  })
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query
  const isEmpty = data?.pages.every(({ lines }) => lines.length === 0) === true
  const goesOn = isEmpty && hasNextPage && !isFetching && !isError
  const isUnasked = (data?.pages.length ?? 0) < pagesUnasked
  useEffect(() => {
    if (goesOn && isUnasked) void fetchNextPage()
  }, [goesOn, isUnasked, fetchNextPage])
  return query
}

/** What whoever the history is of is called; null until it is known, and for oneself. */
export function useScopeName(scope: Scope): string | null {
  const { data } = useQuery({
    queryKey: ['name', scopePath(scope)],
    queryFn: async ({ signal }) =>
      (await read<{ readonly name: string | null }>(scopePath(scope), signal)).name,
    enabled: scope.kind !== 'me',
    meta: { live: 'never' },
  })
  return data ?? null
}
