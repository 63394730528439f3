/** What an erasure does not reach: copies in the data folder that an upgrade or a restore has kept. */
export const keptCopiesText = (copies: readonly string[]): string =>
  copies.length === 0
    ? ''
    : ` The data folder has ${copies.length === 1 ? 'a file' : 'files'} from before an upgrade or a restore, which may still have them: ` +
      `${copies.join(', ')}. Remove ${copies.length === 1 ? 'it' : 'them'} once you are content with the new journal.`

/** Where nothing of it is any more. */
export const isNowhere = (copies: readonly string[]): string =>
  copies.length === 0 ? 'in no file of the data folder' : 'not in the journal'
