// Who is measured.
export const SERIALIZERS = ['json', 'msgpack', 'cbor'];
/** What our client offers first. */
export const DEFAULT = 'cbor';

const each = (library, extra = {}) => SERIALIZERS.map((serializer) => ({ library, serializer, ...extra }));

export const SUBJECTS = [
  ...each('wamplex', { batched: false }), ...each('wamplex', { batched: true }), ...each('wampy'), ...each('autobahn'),
].map((subject) => ({ ...subject, name: nameOf(subject) }));

function nameOf({ library, serializer, batched }) {
  return `${library} ${serializer}${batched ? ' batched' : ''}`;
}
