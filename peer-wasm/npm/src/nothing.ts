/** Of whatever there may be and is not. */
export const NOTHING = Object.freeze({});
