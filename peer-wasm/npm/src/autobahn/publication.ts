/** An acknowledged publication. */
export class Publication {
  constructor(readonly id: number) {}
}
