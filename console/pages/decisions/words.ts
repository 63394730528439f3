/** Who pays for a request, in a word or two. */
export const sourceWords = { plan: 'plan', extra_usage: 'extra usage', free: 'free' } as const

/** Reasons that a filter offers. */
export const reasonOptions = [
  { value: '', label: 'Any reason' },
  { value: 'limit_reached', label: 'Limit reached' },
  { value: 'reserved', label: 'Reserved by running requests' },
  { value: 'running_limit', label: 'Too many at once' },
  { value: 'too_fast', label: 'Too fast' },
  { value: 'customer_inactive', label: 'Customer paused' },
  { value: 'member_inactive', label: 'Member paused' },
  { value: 'model_unpriced', label: 'Model without a price' },
] as const

export const sourceOptions = [
  { value: '', label: 'Any payer' },
  { value: 'plan', label: 'Plan' },
  { value: 'extra_usage', label: 'Extra usage' },
  { value: 'free', label: 'Free' },
] as const
