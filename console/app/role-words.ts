export const roleWords = { operator: 'Operator', owner: 'Owner', member: 'Member' } as const
