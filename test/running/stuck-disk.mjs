import { DatabaseSync } from 'node:sqlite'

/** Loaded before the server by a test: once it stops, closing the journal never returns, as on a disk that hangs. */
const close = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'close')?.value
let isStuck = false
process.on('SIGTERM', () => {
  isStuck = true
})
DatabaseSync.prototype.close = function closeOrHang() {
  if (isStuck) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  close.call(this)
}
