// A click on a head sorts its table: numbers from the largest, words from A; a second one turns it.
function valueOf(row, place) {
  const text = row.cells[place].textContent.trim();
  const date = /^\d{4}-\d\d-\d\d$/.test(text); // in letters it sorts as in time
  const number = date ? null : parseFloat(text.replace(/[,<>*]/g, ""));
  return { text, number: Number.isNaN(number) ? null : number };
}
function sortBy(table, place, head) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, ...valueOf(row, place) }));
  const numbers = rows.filter((one) => one.number !== null).length > rows.length / 2;
  const first = numbers ? "descending" : "ascending";
  const second = numbers ? "ascending" : "descending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  const compare = (a, b) => numbers ? a.number - b.number : a.text.localeCompare(b.text);
  const unknown = (one) => numbers && one.number === null; // last, either way
  const sign = order === "ascending" ? 1 : -1;
  rows.sort((a, b) => unknown(a) - unknown(b) || sign * compare(a, b));
  for (const one of head.parentNode.cells) one.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  body.append(...rows.map((one) => one.row));
}
for (const table of document.querySelectorAll("table.sorts")) {
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(table, place, head));
    head.append(button);
  });
}
// On paper nothing can be unfolded.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
});
