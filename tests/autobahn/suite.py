"""The Autobahn|Testsuite, listening on this machine only: its servers cannot be told so. Python 2.7."""

import sys

from autobahntestsuite import choosereactor  # noqa: F401  has to come before the reactor
from twisted.internet import reactor

listen_tcp = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=""):
    return listen_tcp(port, factory, backlog, "127.0.0.1")


reactor.listenTCP = listen_on_loopback

from autobahntestsuite.wstest import run  # noqa: E402

sys.exit(run())
