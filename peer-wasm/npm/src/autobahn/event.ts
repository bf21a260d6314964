/** What an event handler is told beside the arguments. */
export class Event {
  constructor(
    readonly publication: number,
    readonly topic: string,
    readonly publisher?: number,
    readonly publisher_authid?: string,
    readonly publisher_authrole?: string,
    readonly retained = false,
    readonly forward_for?: unknown,
  ) {}
}
