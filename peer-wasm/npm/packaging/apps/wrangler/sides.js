export default {
  // Workers may do nothing before the first request.
  async fetch() {
    const { answer } = await import('./sides.mjs');
    return answer();
  },
};
