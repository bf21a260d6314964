export const UTF8 = new TextEncoder();
