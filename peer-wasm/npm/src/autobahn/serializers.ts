export { CBORSerializer, JSONSerializer, MsgpackSerializer } from './serializer.js';
