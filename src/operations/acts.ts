import type { Parts } from './parts.ts'

type ActBook = Parts['storage']['acts']

/** What was done at the admin API and is no entry of the journal; the audit log shows both. */
export const recordAct = (
  { storage }: Pick<Parts, 'storage'>,
  act: Parameters<ActBook['record']>[0],
): Promise<void> => storage.acts.record(act)

/** Newest first. */
export const listActs = (
  { storage }: Pick<Parts, 'storage'>,
  query: Parameters<ActBook['list']>[0],
): ReturnType<ActBook['list']> => storage.acts.list(query)
