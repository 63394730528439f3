import type { SettingSources } from './load-settings.ts'

/** What this process was started with: its environment and folder. The only reading of either. */
export const processSources = (): Omit<SettingSources, 'flags'> => ({
  environment: process.env,
  folder: process.cwd(),
})
