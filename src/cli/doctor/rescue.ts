/** What became of the rescue, in sentences. */
export type CheckpointNote = { readonly lines: readonly string[] }
