import { Server } from 'node:http'

/** Loaded before the server by a test: a close that never calls back, as a connection that nobody ends. */
Server.prototype.close = function close() {
  return this
}
