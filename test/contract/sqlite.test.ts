import { startFaultyWriterThread } from '../faults/faulty-writer-thread.ts'
import { SqliteBed } from './sqlite-bed.ts'
import { testStorage } from './storage.ts'

testStorage('SQLite, written by the serving thread', async () => new SqliteBed())
testStorage(
  'SQLite, written by a thread of its own',
  async () => new SqliteBed(startFaultyWriterThread),
)
