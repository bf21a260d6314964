export { answer as GET } from '../../answer.mjs';

export const runtime = 'edge';
