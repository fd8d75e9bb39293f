/** What the page does beyond showing: filter, sort, and light up what an image is built from and for. */
export const script = `"use strict";
{
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const table = document.querySelector("table.images");
  const rows = all("tbody tr", table);
  const parents = rows.map((row) => row.dataset.parents.split(" ").filter(Boolean).map(Number));
  const children = parents.map((_, index) => parents.flatMap((list, child) => list.includes(index) ? [child] : []));
  const parts = rows.map(() => []);
  for (const part of all("[data-image]")) parts[part.dataset.image].push(part);
  const edges = all(".edge");

  const form = document.querySelector(".filter");
  const said = form.querySelector("output");
  function filter() {
    const name = form.elements.name.value.trim().toLowerCase();
    const wanted = new Set(all("input:checked", form).map((box) => box.value));
    let shown = 0;
    rows.forEach((row) => {
      const hidden = !wanted.has(row.dataset.state) || !row.dataset.name.toLowerCase().includes(name);
      for (const part of parts[row.dataset.image]) {
        const holder = part.closest(".chips > li") ?? part;
        holder.toggleAttribute("hidden", hidden);
      }
      if (!hidden) shown++;
    });
    const gone = new Set(rows.filter((row) => row.hidden).map((row) => row.dataset.image));
    for (const edge of edges) edge.toggleAttribute("hidden", gone.has(edge.dataset.from) || gone.has(edge.dataset.to));
    said.value = shown === rows.length ? "all " + shown + " shown" : shown + " of " + rows.length + " shown";
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();

  function reach(start, next) {
    const found = new Set([start]);
    for (const index of found) for (const each of next[index]) found.add(each);
    return found;
  }
  function light(index) {
    const lit = index === undefined ? new Set() : new Set([...reach(index, parents), ...reach(index, children)]);
    parts.forEach((list, each) => {
      for (const part of list) if (part.matches(".node, tr")) part.classList.toggle("lit", lit.has(each) && lit.size > 1);
    });
    for (const edge of edges) edge.classList.toggle("lit", lit.has(+edge.dataset.from) && lit.has(+edge.dataset.to));
  }
  const imageAt = (event) => {
    const node = event.target.closest?.(".node");
    return node ? Number(node.dataset.image) : undefined;
  };
  for (const type of ["pointerover", "focusin"]) document.addEventListener(type, (event) => light(imageAt(event)));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") light(undefined); });

  const body = table.tBodies[0];
  const words = new Intl.Collator("en", { numeric: true });
  const compare = (a, b) => a.order === undefined ? words.compare(a.text, b.text) : a.order - b.order;
  const valueOf = ({ dataset, textContent }) => ({ order: dataset.order, text: textContent });
  const heads = all("thead th", table);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = rows.toSorted((a, b) => compare(valueOf(a.cells[column]), valueOf(b.cells[column])));
      body.append(...(down ? sorted.reverse() : sorted));
    });
  });
}
`;
