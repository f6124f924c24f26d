/** A short memory of why surveys were shown or not, for `voc('why')`. */
const lines: string[] = [];
const NEWEST = 50;

export function explain(reason: string): void {
  lines.push(reason);
  lines.splice(0, lines.length - NEWEST);
}

export function why(): string[] {
  const known = lines.length ? [...lines] : ["nothing asked yet"];
  console.info(["voc:", ...known].join("\n  "));
  return known;
}
