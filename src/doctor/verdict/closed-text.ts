const words: Readonly<Record<string, string>> = {
  out_of_credits: 'no money is left for it',
  overage_not_provisioned: 'it is not set up',
  no_limits_configured: 'no cap is set for it',
  org_level_disabled: 'the organisation has it switched off',
  org_level_disabled_until: 'the organisation’s cap is reached until the next period',
  org_service_level_disabled: 'the organisation has it switched off for this service',
  seat_tier_level_disabled: 'this kind of seat has it switched off',
  seat_tier_zero_credit_limit: 'this kind of seat has a cap of zero',
  member_level_disabled: 'it is switched off for this member',
  member_zero_credit_limit: 'this member has a cap of zero',
  group_zero_credit_limit: 'the group has a cap of zero',
}

/** The service's own code for extra usage being closed, in words, with the code for whoever looks it up. */
export const closedText = (code: string): string =>
  Object.hasOwn(words, code) ? `${words[code]} (${code})` : `for the reason ${code}`
