"""Autobahn|Python (asyncio) as a peer program; README.md describes the line protocol it speaks."""

import argparse
import asyncio
import base64
import json
import os
import sys

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
SAFE = 2**53 - 1


def from_line(value):
    """From the driver's notation, where {"$bytes": base64} is binary and {"$int": digits} an integer beyond 2^53."""
    if isinstance(value, list):
        return [from_line(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$int" in value:
        return int(value["$int"])
    return {key: from_line(item) for key, item in value.items()}


def to_line(value):
    """Back into the driver's notation."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE:
        return {"$int": str(value)}
    if isinstance(value, (list, tuple)):
        return [to_line(item) for item in value]
    if isinstance(value, dict):
        return {key: to_line(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return {"$odd": repr(value)}


def write(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def payload(args, kwargs):
    return {"args": to_line(list(args or [])), "kwargs": to_line(dict(kwargs or {}))}


def unpack(result):
    """The library hands out a lone positional result bare."""
    if isinstance(result, CallResult):
        return payload(result.results, result.kwresults)
    return payload([] if result is None else [result], {})


def describe(error):
    if isinstance(error, ApplicationError):
        return {"uri": error.error, **payload(error.args, error.kwargs)}
    return {"message": f"{type(error).__name__}: {error}"}


def authenticator(auth):
    """What the library proves itself with."""
    secrets = {"ticket": "ticket", "wampcra": "secret", "cryptosign": "privkey"}
    secret = {secrets[auth["method"]]: auth["secret"]}
    return create_authenticator(auth["method"], authid=auth["authid"], **secret)


class Peer(ApplicationSession):
    """A session that does what the lines on standard input say."""

    def __init__(self, config):
        super().__init__(config)
        self.registrations = {}
        self.subscriptions = {}
        self.calls = {}
        self.leaving = False
        self.joined = False
        self.ended = config.extra["ended"]
        auth = config.extra["auth"]
        self.authenticator = authenticator(auth) if auth else None

    def onConnect(self):
        if not self.authenticator:
            return super().onConnect()
        method, extra = self.authenticator.name, self.authenticator.authextra
        self.join(self.config.realm, [method], self.config.extra["auth"]["authid"], authextra=extra)

    def onChallenge(self, challenge):
        return self.authenticator.on_challenge(self, challenge)

    def onJoin(self, details):
        self.joined = True
        identity = {key: getattr(details, key) for key in ("authid", "authrole", "authmethod")}
        write({"on": "joined", "as": identity})
        self.reading = asyncio.ensure_future(self.read())

    def onLeave(self, details):
        if not self.joined:
            write({"on": "refused", "reason": {"uri": details.reason}})
        elif not self.leaving:
            write({"on": "lost", "reason": details.reason})
        self.disconnect()

    def onDisconnect(self):
        if not self.ended.done():
            self.ended.set_result(None)

    def onUserError(self, fail, msg):
        """Silence: failing is what some procedures are for."""

    async def read(self):
        stdin = asyncio.StreamReader(limit=2**24)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
        while line := await stdin.readline():
            request = json.loads(line)
            # Not awaited: a call may wait for another request that comes later, such as its own cancellation.
            task = asyncio.ensure_future(self.answer(request))
            self.calls[request["id"]] = task
        self.disconnect()

    async def answer(self, request):
        try:
            ok = await getattr(self, "do_" + request["do"])(request)
            write({"id": request["id"], "ok": ok or {}})
        except (Exception, asyncio.CancelledError) as error:
            write({"id": request["id"], "error": describe(error)})
        finally:
            self.calls.pop(request["id"], None)

    async def do_register(self, request):
        procedure, kind = request["procedure"], getattr(self, "procedure_" + request["kind"])

        async def endpoint(*args, details, **kwargs):
            about = {"procedure": procedure, "progress": details.progress is not None}
            write({"on": "invocation", **about, **payload(args, kwargs)})
            try:
                return await kind(args, kwargs, details.progress)
            except asyncio.CancelledError:
                write({"on": "interrupted", "procedure": procedure})
                raise

        options = RegisterOptions(details_arg="details")
        self.registrations[procedure] = await self.register(endpoint, procedure, options)

    async def do_unregister(self, request):
        await self.registrations.pop(request["procedure"]).unregister()

    async def do_call(self, request):
        steps = []
        on_progress = lambda *args, **kwargs: steps.append(payload(args, kwargs))
        options = CallOptions(on_progress=on_progress) if request.get("progress") else None
        args, kwargs = from_line(request.get("args", [])), from_line(request.get("kwargs", {}))
        self.calls[request["id"]] = pending = self.call(request["procedure"], *args, options=options, **kwargs)
        return {**unpack(await pending), "progress": steps}

    async def do_cancel(self, request):
        # The library sends CANCEL without a mode and lets the ERROR that answers it go by.
        self.calls[request["call"]].cancel()

    async def do_subscribe(self, request):
        topic = request["topic"]
        handler = lambda *args, **kwargs: write({"on": "event", "topic": topic, **payload(args, kwargs)})
        self.subscriptions[topic] = await self.subscribe(handler, topic)

    async def do_unsubscribe(self, request):
        await self.subscriptions.pop(request["topic"]).unsubscribe()

    async def do_publish(self, request):
        args, kwargs = from_line(request.get("args", [])), from_line(request.get("kwargs", {}))
        options = PublishOptions(acknowledge=bool(request.get("acknowledge")))
        published = self.publish(request["topic"], *args, options=options, **kwargs)
        if published is not None:
            await published

    async def do_leave(self, request):
        self.leaving = True
        self.leave()
        await self.ended

    async def procedure_add2(self, args, kwargs, progress):
        return args[0] + args[1]

    async def procedure_echo(self, args, kwargs, progress):
        return CallResult(*args, **kwargs)

    async def procedure_fail(self, args, kwargs, progress):
        raise ApplicationError("com.example.error.failed", *args, **kwargs)

    async def procedure_progress(self, args, kwargs, progress):
        for step in range(args[0] if progress else 0):
            progress(step, of=args[0])
        return CallResult("done", args[0])

    async def procedure_hang(self, args, kwargs, progress):
        await asyncio.Event().wait()


async def main():
    parser = argparse.ArgumentParser()
    for name in ("url", "realm", "serializer"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--auth", type=json.loads)
    options = parser.parse_args()
    ended = asyncio.get_running_loop().create_future()
    runner = ApplicationRunner(
        options.url,
        options.realm,
        extra={"ended": ended, "auth": options.auth},
        serializers=[SERIALIZERS[options.serializer]()],
    )
    try:
        await runner.run(Peer, start_loop=False)
    except OSError as error:
        write({"on": "refused", "reason": str(error)})
        return 1
    await ended


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    # The library may keep its own timers; nothing is left that matters.
    os._exit(code or 0)
