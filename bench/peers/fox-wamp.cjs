// A router made with fox-wamp as its README shows, for bench/peers/run.
// usage: node fox-wamp.cjs PORT

const http = require('node:http')
const FoxRouter = require('fox-wamp')

const server = http.createServer()
const router = new FoxRouter()
router.listenWAMP({ server, path: '/wamp' })
server.listen(Number(process.argv[2]), '127.0.0.1')
