import { useCall, useLatest } from 'wamplex/react';

export function Counter() {
  const { data: count } = useLatest('com.example.count', { initial: 0 });
  const { call: increment, error } = useCall('com.example.increment');
  return (
    <>
      <button onClick={() => increment([1])}>count is {count}</button>
      <p role="alert">{error?.message}</p>
    </>
  );
}
