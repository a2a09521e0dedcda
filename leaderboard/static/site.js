// Sorting and filtering of tables. Every page is complete without this script; what it adds follows from data attributes:
//
// <table id data-sortable>          the heads of its columns become buttons
//   <th data-key data-first>        name of the column in the address; direction of the first click ("asc" or "desc")
//   <th data-no-sort>               stays as it is
//   <td data-v>                     what is sorted by, else the cell's text; empty values come last either way
// <div data-filters data-keys>      gets a search in the rows' names and a choice for each key; data-filters names tables by id
//   <tr data-KEY>                   a row's values, separated by "|"; <div data-label-KEY> says what the choice is called
// <input data-keep>, <select>       its value is kept in the address, under its name
//
// What is chosen stands in the query string, so that a link keeps it.
"use strict";
(() => {
  const chosen = new URLSearchParams(location.search);
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const SHOWN = 200; // rows of a table that are laid out at once; a button brings the others
  const status = document.createElement("p");
  status.className = "unseen";
  status.setAttribute("role", "status");

  function keep(name, value) {
    if (value) chosen.set(name, value);
    else chosen.delete(name);
    const query = chosen.toString();
    history.replaceState(null, "", location.pathname + (query ? "?" + query : "") + location.hash);
  }

  // ---- Tables -------------------------------------------------------------------------------------------------------

  // Heads of single columns with the number of their column, whatever spans rows or columns above them.
  function heads(table) {
    const taken = [];
    const found = [];
    [...table.tHead.rows].forEach((row, at) => {
      let column = 0;
      for (const cell of row.cells) {
        while (taken[at]?.[column]) column += 1;
        for (let down = 0; down < cell.rowSpan; down += 1) {
          for (let right = 0; right < cell.colSpan; right += 1) (taken[at + down] ??= [])[column + right] = true;
        }
        if (cell.colSpan === 1) found.push({ cell, column });
        column += cell.colSpan;
      }
    });
    return found;
  }

  // A row is looked at once: later only arrays are sorted.
  class Table {
    constructor(table) {
      this.table = table;
      this.body = table.tBodies[0];
      this.rows = [...this.body.rows];
      this.order = this.rows.map((_, place) => place);
      this.matching = null; // places of rows that filters leave; null: all
      // A row that the address names has to be there, wherever it stands.
      this.all = location.hash.length > 1 && this.rows.slice(SHOWN).some((row) => row.id === location.hash.slice(1));
      this.values = new Map();
      this.heads = heads(table).filter(({ cell }) => !cell.hasAttribute("data-no-sort"));
      this.heads.forEach((head) => this.makeButton(head));
      const [key, direction] = (chosen.get("sort-" + table.id) || "").split(".");
      const head = this.heads.find((each) => this.key(each) === key);
      if (head) this.sort(head, direction === "desc" ? "desc" : "asc");
      else this.show();
    }

    key({ cell, column }) {
      return cell.dataset.key || String(column);
    }

    makeButton(head) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.cell.childNodes);
      head.cell.append(button);
      button.addEventListener("click", () => {
        const now = head.cell.getAttribute("aria-sort");
        const next = now === "ascending" ? "desc" : now === "descending" ? "asc" : this.first(head);
        this.sort(head, next);
        keep("sort-" + this.table.id, this.key(head) + "." + next);
        status.textContent = `Sorted by ${button.textContent.trim()}, ${next === "asc" ? "ascending" : "descending"}`;
      });
    }

    first(head) {
      return head.cell.dataset.first || (this.column(head.column).numbers ? "desc" : "asc");
    }

    column(number) {
      if (!this.values.has(number)) {
        const text = this.rows.map((row) => {
          const cell = row.cells[number];
          return cell === undefined ? "" : (cell.getAttribute("data-v") ?? cell.textContent.trim());
        });
        const parsed = text.map((value) => (value === "" ? NaN : Number(value)));
        const numbers = text.every((value, place) => value === "" || !Number.isNaN(parsed[place]));
        this.values.set(number, { numbers, missing: text.map((value) => value === ""), of: numbers ? parsed : text });
      }
      return this.values.get(number);
    }

    sort(head, direction) {
      const { numbers, missing, of } = this.column(head.column);
      const sign = direction === "desc" ? -1 : 1;
      const less = numbers ? (a, b) => of[a] - of[b] : (a, b) => compare(of[a], of[b]);
      this.order = this.rows.map((_, place) => place);
      this.order.sort((a, b) => missing[a] - missing[b] || (missing[a] ? 0 : sign * less(a, b)) || a - b);
      for (const { cell } of this.heads) cell.removeAttribute("aria-sort");
      head.cell.setAttribute("aria-sort", direction === "desc" ? "descending" : "ascending");
      this.show();
    }

    // Only rows that are seen are in the document: laying out thousands is what takes long.
    show() {
      const places = this.matching ? this.order.filter((place) => this.matching.has(place)) : this.order;
      const shown = this.all ? places : places.slice(0, SHOWN);
      this.body.replaceChildren(...shown.map((place) => this.rows[place]));
      this.more?.remove();
      if (shown.length < places.length) {
        this.more = document.createElement("button");
        this.more.type = "button";
        this.more.className = "more";
        this.more.textContent = `Show all ${places.length.toLocaleString("en")} rows`;
        this.more.addEventListener("click", () => {
          this.all = true;
          this.show();
        });
        (this.table.closest(".scroll") || this.table).after(this.more);
      }
    }
  }

  // ---- Filters ------------------------------------------------------------------------------------------------------

  class Filters {
    constructor(box, tables) {
      this.tables = tables;
      this.keys = (box.dataset.keys || "").split(" ").filter(Boolean);
      this.rows = tables.flatMap((table) =>
        table.rows.map((row, place) => ({
          table,
          place,
          text: [...row.querySelectorAll("th")].map((cell) => cell.textContent).join(" ").toLowerCase(),
          of: Object.fromEntries(this.keys.map((key) => [key, (row.getAttribute("data-" + key) || "").split("|")])),
        })),
      );
      this.count = document.createElement("output");
      this.reset = document.createElement("button");
      this.reset.type = "button";
      this.reset.textContent = "Show all";
      this.search = document.createElement("input");
      this.search.type = "search";
      this.search.value = chosen.get("q") || "";
      this.search.addEventListener("input", () => this.changed("q", this.search.value));
      this.choices = this.keys.map((key) => this.choice(box, key)).filter(Boolean);
      box.append(label("Search", this.search), ...this.choices.map(({ name, select }) => label(name, select)), this.reset, this.count);
      this.reset.addEventListener("click", () => {
        this.search.value = "";
        for (const { select } of this.choices) select.value = "";
        ["q", ...this.keys].forEach((key) => keep(key, ""));
        this.apply();
      });
      box.hidden = false;
      if (["q", ...this.keys].some((key) => chosen.has(key))) this.apply();
      else this.reset.hidden = true;
    }

    choice(box, key) {
      const values = new Set(this.rows.flatMap((row) => row.of[key]).filter(Boolean));
      if (values.size < 2) return null;
      const select = document.createElement("select");
      select.append(new Option("all", ""), ...[...values].sort(compare).map((value) => new Option(value, value)));
      if (values.has(chosen.get(key))) select.value = chosen.get(key);
      select.addEventListener("change", () => this.changed(key, select.value));
      return { key, select, name: box.getAttribute("data-label-" + key) || key };
    }

    changed(key, value) {
      keep(key, value);
      this.apply();
    }

    apply() {
      const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = this.choices.map(({ key, select }) => [key, select.value]).filter(([, value]) => value);
      const found = this.rows.filter(
        (row) => words.every((word) => row.text.includes(word)) && wanted.every(([key, value]) => row.of[key].includes(value)),
      );
      const filtered = words.length + wanted.length > 0;
      for (const table of this.tables) {
        table.matching = filtered ? new Set(found.filter((row) => row.table === table).map((row) => row.place)) : null;
        table.show();
        const family = table.table.closest("[data-family]");
        if (family) family.hidden = filtered && table.matching.size === 0;
      }
      this.reset.hidden = !filtered;
      this.count.textContent = filtered ? `${found.length} of ${this.rows.length} rows` : "";
    }
  }

  function label(name, control) {
    const words = document.createElement("span");
    words.textContent = name;
    const around = document.createElement("label");
    around.append(words, control);
    return around;
  }

  // ---- Start --------------------------------------------------------------------------------------------------------

  const tables = new Map();
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    if (table.tHead && table.tBodies.length) tables.set(table.id, new Table(table));
  }
  for (const box of document.querySelectorAll("[data-filters]")) {
    const named = box.dataset.filters.split(" ").map((id) => tables.get(id)).filter(Boolean);
    if (named.length) new Filters(box, named);
  }
  for (const select of document.querySelectorAll("select[data-keep]")) {
    const usual = (select.querySelector("option[selected]") || select.options[0]).value;
    const wanted = chosen.get(select.name);
    if ([...select.options].some((option) => option.value === wanted)) select.value = wanted;
    select.addEventListener("change", () => keep(select.name, select.value === usual ? "" : select.value));
  }
  for (const input of document.querySelectorAll("input[data-keep]")) {
    if (chosen.has(input.name)) input.checked = chosen.get(input.name) === input.value;
    const first = document.querySelector(`input[name="${CSS.escape(input.name)}"]`);
    input.addEventListener("change", () => keep(input.name, input === first ? "" : input.value));
  }
  // Paper has no button that brings the other rows.
  addEventListener("beforeprint", () => {
    for (const table of tables.values()) {
      table.all = true;
      table.show();
    }
  });
  document.body.append(status);
})();
