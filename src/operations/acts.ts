import type { ActQuery, AdminAct, NewAct } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** What was done at the admin API and is no entry of the journal; the audit log shows both. */
export const recordAct = ({ storage }: Pick<Parts, 'storage'>, act: NewAct): Promise<void> =>
  storage.acts.record(act)

/** Newest first. */
export const listActs = (
  { storage }: Pick<Parts, 'storage'>,
  query: ActQuery,
): Promise<readonly AdminAct[]> => storage.acts.list(query)
