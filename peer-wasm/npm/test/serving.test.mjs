// Registrations and invocations, against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { CanceledError, WampError } from 'wamplex';
import { registered, scripted, stillWorks } from './scripted.mjs';

scripted('results and errors of handlers', undefined, async ({ router, client }) => {
  client.addEventListener('error', (event) => event.preventDefault());
  const outcomes = [
    [() => 1, [70, 1, {}, [1]]],
    [() => undefined, [70, 2, {}]],
    [() => null, [70, 3, {}, [null]]],
    [async () => [1, 2], [70, 4, {}, [[1, 2]]]],
    [(_, inv) => inv.result({ args: [1, 2], kwargs: { a: 3 } }), [70, 5, {}, [1, 2], { a: 3 }]],
    [() => { throw new WampError('com.example.no', { args: [1], kwargs: { a: 2 } }); }, [8, 68, 6, {}, 'com.example.no', [1], { a: 2 }]],
    [async () => { throw new WampError('com.example.no'); }, [8, 68, 7, {}, 'com.example.no']],
    [() => { throw new WampError('com.example.no', { message: 'in words' }); }, [8, 68, 8, {}, 'com.example.no', ['in words']]],
    [() => { throw new TypeError('broken'); }, [8, 68, 9, {}, 'wamp.error.runtime_error', ['broken']]],
    // eslint-disable-next-line no-throw-literal
    [() => { throw 'text'; }, [8, 68, 10, {}, 'wamp.error.runtime_error', ['text']]],
    [() => () => {}, [8, 68, 11, {}, 'wamp.error.runtime_error', ['a function cannot be sent']]],
    [() => { throw new WampError('com.example.no', { args: [Symbol('s')], message: 'in words' }); }, [8, 68, 12, {}, 'com.example.no', ['in words']]],
    // No router takes an ERROR without a URI: it would end the session, with all other calls.
    [() => { throw new WampError(); }, [8, 68, 13, {}, 'wamp.error.runtime_error', ['']]],
    [() => { throw new WampError(404, { message: 'not there' }); }, [8, 68, 14, {}, 'wamp.error.runtime_error', ['not there']]],
  ];
  let handler;
  await registered(router, client, (args, inv) => handler(args, inv));
  let answers = 0;
  for (const [run, expected] of outcomes) {
    handler = run;
    router.send(68, expected[0] === 70 ? expected[1] : expected[2], 6, {});
    const [code] = expected;
    answers = router.received.filter((m) => m[0] === code).length;
    assert.deepEqual(await router.message(code, answers + 1), expected);
  }
});

scripted('a generator yields progress and returns the result', undefined, async ({ router, client }) => {
  await registered(router, client, async function* ([n], inv) {
    for (let i = 0; i < n; i++) yield i;
    return inv.wantsProgress;
  });
  router.send(68, 1, 6, { receive_progress: true }, [2]);
  assert.deepEqual([await router.message(70), await router.message(70, 2), await router.message(70, 3)], [
    [70, 1, { progress: true }, [0]], [70, 1, { progress: true }, [1]], [70, 1, {}, [true]],
  ]);
  router.send(68, 2, 6, {}, [2]);
  assert.deepEqual(await router.message(70, 4), [70, 2, {}, [false]]);
});

scripted('a generator that is not async does so too', undefined, async ({ router, client }) => {
  await registered(router, client, function* ([n]) {
    for (let i = 1; i < n; i++) yield i;
    return n;
  });
  router.send(68, 1, 6, { receive_progress: true }, [3]);
  assert.deepEqual([await router.message(70), await router.message(70, 2), await router.message(70, 3)], [
    [70, 1, { progress: true }, [1]], [70, 1, { progress: true }, [2]], [70, 1, {}, [3]],
  ]);
});

scripted('an endless generator hears of its interruption', undefined, async ({ router, client }) => {
  let cleaned = false;
  await registered(router, client, async function* () {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      cleaned = true;
    }
  });
  router.send(68, 1, 6, { receive_progress: true });
  await router.message(70, 10);
  router.send(69, 1, { mode: 'kill' });
  assert.deepEqual((await router.message(8)).slice(0, 5), [8, 68, 1, {}, 'wamp.error.canceled']);
  assert.equal(cleaned, true);
});

scripted('an interrupted handler may still have the last word', undefined, async ({ router, client }) => {
  await registered(router, client, (_, inv) => new Promise((resolve) => inv.signal.addEventListener('abort', () => resolve(inv.signal.reason instanceof CanceledError))));
  router.send(68, 1, 6, {});
  router.send(69, 1, { mode: 'kill' });
  assert.deepEqual(await router.message(70), [70, 1, {}, [true]]);
});

scripted('progress by hand, and none after the result', undefined, async ({ router, client }) => {
  let late;
  await registered(router, client, async (_, inv) => {
    await inv.progress(1);
    await inv.progress(2, { args: [3], kwargs: { a: 4 } });
    late = () => inv.progress('late');
    return 'done';
  });
  router.send(68, 1, 6, { receive_progress: true });
  assert.deepEqual(await router.message(70, 3), [70, 1, {}, ['done']]);
  await late();
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 70), [
    [70, 1, { progress: true }, [1]], [70, 1, { progress: true }, [2, 3], { a: 4 }], [70, 1, {}, ['done']],
  ]);
});

scripted('arguments that come in pieces', undefined, async ({ router, client }) => {
  await registered(router, client, async ([first], inv) => {
    let sum = first;
    for await (const { args, kwargs } of inv.input) sum += args[0] + (kwargs.extra ?? 0);
    return sum;
  });
  router.send(68, 1, 6, { progress: true }, [1]);
  router.send(68, 1, 6, { progress: true }, [2], { extra: 10 });
  router.send(68, 1, 6, {}, [3]);
  assert.deepEqual(await router.message(70), [70, 1, {}, [16]]);
});

scripted('an invocation that crosses UNREGISTER is still served', undefined, async ({ router, client }) => {
  const registration = await registered(router, client, () => 'served');
  const leaving = registration.unregister();
  const unregister = await router.message(66);
  router.send(68, 1, 6, {});
  assert.deepEqual(await router.message(70), [70, 1, {}, ['served']]);
  router.send(67, unregister[1]);
  await leaving;
});

scripted('the signal is aborted when the time that was announced is over, and the caller hears of it', undefined, async ({ router, client }) => {
  const reasons = [];
  await registered(router, client, (_, inv) => new Promise((_resolve, reject) => {
    assert.equal(inv.timeout, 5);
    inv.signal.addEventListener('abort', () => {
      reasons.push(inv.signal.reason.uri);
      // Not the reason itself: what `fetch` would throw.
      reject(new DOMException('the operation was aborted', 'AbortError'));
    });
  }));
  router.send(68, 1, 6, { timeout: 5 });
  assert.deepEqual(await router.message(8), [8, 68, 1, {}, 'wamp.error.timeout', ['the operation was aborted']]);
  assert.deepEqual(reasons, ['wamp.error.timeout']);
});

scripted('every part of a result and of the arguments begins the time anew', undefined, async ({ router, client }) => {
  let called;
  const invoked = new Promise((resolve) => (called = resolve));
  await registered(router, client, (_, inv) => new Promise(() => called(inv)));
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    router.send(68, 1, 6, { timeout: 100, receive_progress: true, progress: true });
    const { signal, input, progress } = await invoked;
    mock.timers.tick(60);
    void progress(1);
    mock.timers.tick(60);
    router.send(68, 1, 6, { receive_progress: true, progress: true }, ['more']);
    await input[Symbol.asyncIterator]().next();
    mock.timers.tick(60);
    assert.equal(signal.aborted, false);
    mock.timers.tick(40);
    assert.equal(signal.reason.uri, 'wamp.error.timeout');
  } finally {
    mock.timers.reset();
  }
});
