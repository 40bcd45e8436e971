// Preloaded into every service: one whose supervisor was killed must not live on and hold the tree and the ports.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// To listen keeps a process alive, which this must not.
process.channel?.unref()
