import type { Option } from '../../ui/fields.tsx'

export const sourceWords = { plan: 'Plan', extra_usage: 'Extra usage', free: 'Free' } as const

export const kindOptions: readonly Option[] = [
  { value: '', label: 'Everything' },
  { value: 'request', label: 'Requests' },
  { value: 'charge', label: 'Charges to extra usage' },
  { value: 'grant', label: 'Grants, gifts and expiry' },
  { value: 'switch', label: 'Switching on and off' },
  { value: 'cap', label: 'Spend caps' },
  { value: 'plan', label: 'Plans and exceptions' },
  { value: 'key', label: 'Keys' },
  { value: 'status', label: 'Pauses' },
  { value: 'correction', label: 'Corrections' },
]

export const sourceOptions: readonly Option[] = [
  { value: '', label: 'Anybody' },
  { value: 'plan', label: 'The plan' },
  { value: 'extra_usage', label: 'Extra usage' },
  { value: 'free', label: 'Free models' },
]

export const meterWords = {
  input: 'Input tokens',
  output: 'Output tokens',
  cache_read: 'Read from cache',
  cache_write_5m: 'Written to cache (5 min)',
  cache_write_1h: 'Written to cache (1 h)',
  web_search: 'Web searches',
  web_fetch: 'Web fetches',
  code_execution: 'Code runs',
} as const
