/** Loaded before the server by a test: a fault that nobody catches, whenever the test wants it. */
process.on('SIGUSR2', () => {
  throw new Error('made by a test')
})
