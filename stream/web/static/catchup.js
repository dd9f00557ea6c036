// What a list on the screen lacks, by an answer of the server; for a list that is not to move.

// rows: id -> row, newest first. `missed`: what belongs above or between them, oldest first; `hole`: there is more of it
// than was answered; `next`: where older alerts begin, by the server's numbers, which it gives anew when it starts again.
export function compare(rows, { items: found, next: rest }) {
  const items = new Map(found.map((item) => [item.id, item]));
  // An alert that was opened by its link stands on top whatever its age.
  const shown = [...rows].filter(([, row]) => !row.linked).map(([id]) => id);
  const known = found.findLastIndex((item) => shown.includes(item.id));
  const missed = (known < 0 ? found : found.slice(0, known)).filter((item) => !rows.has(item.id)).reverse();
  const last = items.get(shown[shown.length - 1]);
  const next = last && last !== found[found.length - 1] ? last.seq : rest;
  return { items, missed, hole: known < 0 && rest !== null, next };
}
