import { useQuery } from '@tanstack/react-query'
import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { read } from '../../data/api.ts'

export type Span = 'hour' | 'quarter_day' | 'day'
export type Traffic = OverviewAnswer['traffic']
export type TrafficPoint = Traffic['points'][number]

export const spans: readonly { readonly value: Span; readonly label: string }[] = [
  { value: 'hour', label: '1 hour' },
  { value: 'quarter_day', label: '6 hours' },
  { value: 'day', label: '24 hours' },
]

export const readSpan = (text: string): Span =>
  spans.find(({ value }) => value === text)?.value ?? 'hour'

export const useOverview = (span: Span) =>
  useQuery({
    queryKey: ['overview', span],
    queryFn: ({ signal }) => read<OverviewAnswer>(`overview?span=${span}`, signal),
    meta: { everyMs: 1_000 },
    // Nothing else tells how far the counting is.
    refetchInterval: ({ state }) => (state.data?.money.kind === 'counting' ? 1_000 : 60_000),
    placeholderData: (before) => before,
  })

/** What became of requests, in the order in which a bar stacks them. */
export const outcomes = [
  { id: 'plan', label: 'Plan', counts: ['plan'] },
  { id: 'extra', label: 'Extra usage', counts: ['extra_usage'] },
  { id: 'free', label: 'Free', counts: ['free'] },
  {
    id: 'refused',
    label: 'Refused',
    counts: [
      'customer_inactive',
      'member_inactive',
      'model_unpriced',
      'running_limit',
      'limit_reached',
      'reserved',
      'too_fast',
      'unknown_key',
      'invalid_request',
      'body_too_large',
      'no_room',
      'unmetered_path',
    ],
  },
  { id: 'unserved', label: 'Not served', counts: ['limits_unavailable', 'stopping', 'fault'] },
] as const
export type OutcomeId = (typeof outcomes)[number]['id']

export function countOf(point: Pick<TrafficPoint, 'counts'>, id: OutcomeId): number {
  const outcome = outcomes.find((one) => one.id === id)
  return (outcome?.counts ?? []).reduce((sum, name) => sum + (point.counts[name] ?? 0), 0)
}

export const allOf = (point: Pick<TrafficPoint, 'counts'>): number =>
  outcomes.reduce((sum, { id }) => sum + countOf(point, id), 0)

export const admittedOf = (point: Pick<TrafficPoint, 'counts'>): number =>
  countOf(point, 'plan') + countOf(point, 'extra') + countOf(point, 'free')
