// Head to head: two runs of one collection, topic by topic. The data of a run are a small script beside this page,
// because a page that is opened from a disk may not read other files in any other way.
'use strict';

(() => {
  const TIE = 1e-12, SLACK = 1e-9, EXACT_UP_TO = 12, SAMPLES = 10000, SHOWN = 10, TOP = 5, MINUS = '\u2212';
  const SVG = 'http://www.w3.org/2000/svg';
  const root = document.querySelector('[data-compare]');
  const collection = root.querySelector('[data-collection]');
  const choices = [root.querySelector('[data-a]'), root.querySelector('[data-b]')];
  const said = root.querySelector('[data-said]');
  const output = root.querySelector('[data-output]');
  const sections = new Map(), rows = new Map(), loading = new Map();
  // What a spreadsheet takes for a formula; as _FORMULA of leaderboard/export.py.
  const FORMULA = /^[\s\p{Cf}]*[=+\-@|%＝＋－＠]|^[\t\r\n]/u;
  let addresses = [];
  let trouble = '';

  window.rerankbench = {
    section(anchor, value) { sections.set(anchor, value); },
    row(page, value) { rows.set(page, value); },
  };

  // Loads a script of ours once. Only names that look like ours get here.
  function load(name) {
    if (!/^(rows|sections)\/[A-Za-z0-9._-]+$/.test(name)) return Promise.reject(new Error(`${name} is not one of ours`));
    if (!loading.has(name)) {
      loading.set(name, new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = `compare/${name}.js`;
        script.onload = resolve;
        script.onerror = () => {
          loading.delete(name);
          reject(new Error(`the data of ${name} cannot be loaded`));
        };
        document.head.append(script);
      }));
    }
    return loading.get(name);
  }

  function make(parent, name, attributes = {}, text) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  const score = value => value.toFixed(3);
  function signed(value) {
    const text = Math.abs(value).toFixed(3);
    return Number(text) === 0 ? text : (value > 0 ? '+' : MINUS) + text;
  }
  const pValue = value => value < 0.001 ? 'p < 0.001' : `p = ${value.toFixed(3)}`;

  // Random bits, 32 for each number; as _mixed of benchmark/evaluation/multiple.py.
  function mixed(number) {
    let bits = (number + 0x9E3779B9) >>> 0;
    for (let round = 0; round < 2; round += 1) {
      bits = Math.imul(bits ^ (bits >>> 16), 0x85EBCA6B);
      bits = Math.imul(bits ^ (bits >>> 13), 0xC2B2AE35);
      bits ^= bits >>> 16;
    }
    return bits;
  }

  // Paired randomisation test on the topics in their order: the same sign flips and so the same p-value as in
  // benchmark/evaluation/multiple.py, which the other pages were made with.
  function significance(differences, samples) {
    const count = differences.length, words = Math.ceil(count / 32), exact = count <= EXACT_UP_TO;
    const spread = Math.hypot(...differences) || Infinity;
    const scaled = differences.map(value => value / spread);
    const least = Math.abs(scaled.reduce((sum, value) => sum + value, 0)) - SLACK;
    const flips = exact ? 2 ** count : samples;
    let extreme = 0;
    for (let flip = 0; flip < flips; flip += 1) {
      let sum = 0, bits = flip;
      for (let place = 0; place < count; place += 1) {
        if (!exact && place % 32 === 0) bits = mixed(flip * words + place / 32);
        sum += (bits >>> (place % 32)) & 1 ? scaled[place] : -scaled[place];
      }
      if (Math.abs(sum) >= least) extreme += 1;
    }
    return exact ? extreme / flips : (1 + extreme) / (1 + flips);
  }

  // Topics of both in their order; null where they are not the same topics.
  function paired(one, other) {
    const theirs = new Map(other.topics.map(([qid, value, top]) => [qid, {value, top}]));
    if (one.topics.length !== theirs.size || one.topics.some(([qid]) => !theirs.has(qid))) return null;
    return one.topics.map(([qid, ours, top]) => {
      const match = theirs.get(qid);
      return {qid, ours, theirs: match.value, difference: ours - match.value, tops: [top, match.top]};
    });
  }

  function draw(topics, names) {
    const width = 720, height = 220, left = 52, right = 8, top = 12, bottom = 12;
    const reach = Math.max(0.05, ...topics.map(topic => Math.abs(topic.difference)));
    const wide = (width - left - right) / topics.length;
    const y = value => top + (1 - value / reach) * (height - top - bottom) / 2;
    const svg = document.createElementNS(SVG, 'svg');
    const add = (name, attributes, text) => {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      if (text !== undefined) made.textContent = text;
      svg.append(made);
      return made;
    };
    svg.setAttribute('class', 'bars');
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', `Difference on each of ${topics.length} topics, sorted; above the line ${names[0]} is better`);
    // The finest round steps that give no more than five lines.
    const unit = 10 ** Math.floor(Math.log10(reach / 2.5));
    const step = unit * [1, 2, 5, 10].find(factor => reach / (unit * factor) < 3);
    for (let place = -Math.floor(reach / step); place * step <= reach; place += 1) {
      const at = y(place * step);
      add('line', {class: place ? 'grid' : 'axis', x1: left, x2: width - right, y1: at, y2: at});
      add('text', {class: 'tick end', x: left - 7, y: at + 4}, place ? signed(place * step).slice(0, -1) : '0');
    }
    topics.forEach((topic, place) => {
      const up = topic.difference > 0;
      const bar = add('rect', {
        class: `bar ${up ? 'gain' : 'loss'}`,
        x: left + place * wide, width: wide >= 4 ? wide - 1 : wide,
        y: up ? y(topic.difference) : y(0), height: Math.abs(y(topic.difference) - y(0)),
      });
      const title = document.createElementNS(SVG, 'title');
      title.textContent = `${topic.qid}: ${signed(topic.difference)}`;
      bar.append(title);
    });
    return svg;
  }

  function table(parent, caption, headings, className) {
    const region = make(parent, 'div', {class: 'scroll', role: 'region', tabindex: 0, 'aria-label': caption});
    const made = make(region, 'table', {class: className});
    make(make(made, 'caption'), 'span', {}, caption);
    const head = make(make(made, 'thead'), 'tr');
    for (const [text, number] of headings) make(head, 'th', {scope: 'col', class: number ? 'number' : ''}, text);
    return make(made, 'tbody');
  }

  // The same as files, of which none lies on the server: there is one for any two runs.
  function files(name, title, columns, found) {
    const quoted = value => {
      const text = typeof value === 'string' && FORMULA.test(value) ? `'${value}` : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const csv = [columns, ...found].map(row => `${row.map(quoted).join(',')}\r\n`).join('');
    const objects = found.map(row => Object.fromEntries(row.map((value, place) => [columns[place], value])));
    const json = JSON.stringify({schema_version: 1, title, licence: root.dataset.licence, rows: objects}, null, 1);
    const line = make(output, 'p', {class: 'data quiet'}, 'This table as data: ');
    for (const [kind, type, text] of [['csv', 'text/csv', csv], ['json', 'application/json', json]]) {
      const href = URL.createObjectURL(new Blob([text], {type}));
      addresses.push(href);
      make(line, 'a', {href, download: `${name}.${kind}`}, kind.toUpperCase());
      line.append(kind === 'csv' ? ', ' : ` (${root.dataset.licence}).`);
    }
  }

  function ranking(parent, own, other) {
    const list = make(parent, 'ol', {class: 'firsts'});
    for (const docid of own.slice(0, TOP)) {
      const item = make(list, 'li', {}, docid);
      if (!other.slice(0, TOP).includes(docid)) make(item, 'span', {class: 'quiet'}, ' only here');
    }
    if (!own.length) make(parent, 'span', {class: 'quiet'}, 'failed');
  }

  function values(row, topic) {
    make(row, 'td', {class: 'number'}, score(topic.ours));
    make(row, 'td', {class: 'number'}, score(topic.theirs));
    const kind = topic.difference > TIE ? 'gain' : topic.difference < -TIE ? 'loss' : '';
    make(make(row, 'td', {class: 'number'}), 'span', {class: kind}, signed(topic.difference));
  }

  function tile(parent, name, value, more) {
    const box = make(parent, 'div');
    make(box, 'dt', {}, name);
    make(box, 'dd', {}, value);
    if (more) make(box, 'dd', {class: 'quiet'}, more);
  }

  function show(section, pages) {
    output.replaceChildren();
    addresses.forEach(address => URL.revokeObjectURL(address));
    addresses = [];
    const [one, other] = pages.map(page => rows.get(page));
    const names = pages.map(page => section.rows.find(row => row[0] === page)[1]);
    const topics = paired(one, other);
    if (pages[0] === pages[1]) {
      said.textContent = trouble +
        (section.rows.length > 1 ? 'Choose two different runs.' : 'There is one run only, so there is nothing to compare.');
      return;
    }
    if (!topics || !topics.length) {
      said.textContent = `${trouble}These two were not measured on the same topics, so there is nothing to compare.`;
      return;
    }
    const differing = topics.map(topic => topic.difference).filter(value => Math.abs(value) > TIE);
    const wins = differing.filter(value => value > 0).length, losses = differing.length - wins;
    const mean = topics.reduce((sum, topic) => sum + topic.difference, 0) / topics.length;
    const settled = topics.map(topic => Math.abs(topic.difference) > TIE ? topic.difference : 0);
    const baseline = section.rows.some(row => row[3] && pages.includes(row[0]));
    const p = significance(settled, baseline ? section.flips : SAMPLES);
    topics.sort((a, b) => b.difference - a.difference || (a.qid < b.qid ? -1 : 1));
    said.textContent = `${trouble}${names[0]} is better on ${wins}, equal on ${topics.length - differing.length} and worse on ` +
      `${losses} of ${topics.length} topics than ${names[1]}.`;
    const tiles = make(output, 'dl', {class: 'tiles'});
    tile(tiles, `Difference of ${section.metric}`, signed(mean), `${pValue(p)}, paired randomisation test`);
    tile(tiles, 'Better, equal, worse', `${wins} / ${topics.length - differing.length} / ${losses}`, `${topics.length} topics`);
    pages.forEach((page, place) => {
      const average = topics.reduce((sum, topic) => sum + (place ? topic.theirs : topic.ours), 0) / topics.length;
      tile(tiles, names[place], score(average), section.metric);
    });
    const links = make(output, 'p');
    pages.forEach((page, place) => {
      if (place) links.append(' · ');
      make(links, 'a', {href: `runs/${page}.html`}, `Page of ${names[place]}`);
    });
    const figure = make(output, 'figure');
    figure.append(draw(topics, names));
    make(figure, 'figcaption', {}, `${section.metric} of ${names[0]} minus that of ${names[1]}: a bar a topic, sorted.`);
    const largest = topics.filter(topic => Math.abs(topic.difference) > TIE)
      .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference) || (a.qid < b.qid ? -1 : 1)).slice(0, SHOWN);
    const name = pages.join('--'), title = `${section.metric} of ${names[0]} and ${names[1]}`;
    const columns = ['query', ...pages, 'difference'];
    const numbers = topic => [topic.qid, topic.ours, topic.theirs, topic.difference];
    const headings = [['Query', false], [names[0], true], [names[1], true], ['Difference', true]];
    if (largest.length) {
      make(output, 'h2', {}, 'Where they differ most');
      const tops = [[`First ${TOP} of ${names[0]}`, false], [`First ${TOP} of ${names[1]}`, false]];
      const body = table(output, `The ${largest.length} queries with the largest differences`, [...headings, ...tops], 'compact');
      for (const topic of largest) {
        const row = make(body, 'tr');
        make(row, 'th', {scope: 'row'}, topic.qid);
        values(row, topic);
        ranking(make(row, 'td'), topic.tops[0], topic.tops[1]);
        ranking(make(row, 'td'), topic.tops[1], topic.tops[0]);
      }
      files(`${name}.largest`, `${title}, where they differ most`, [...columns, ...pages.map(page => `first ${TOP} of ${page}`)],
        largest.map(topic => [...numbers(topic), ...topic.tops.map(top => top.slice(0, TOP).join(' '))]));
    }
    make(output, 'h2', {}, 'Every query');
    const body = table(output, `${topics.length} queries by difference`, headings, 'compact');
    for (const topic of topics) {
      const row = make(body, 'tr');
      make(row, 'th', {scope: 'row'}, topic.qid);
      values(row, topic);
    }
    files(name, title, columns, topics.map(numbers));
  }

  function fill(select, options, chosen) {
    select.replaceChildren();
    for (const [value, text] of options) make(select, 'option', {value}, text);
    if (options.some(([value]) => value === chosen)) select.value = chosen;
  }

  async function open(anchor, wanted) {
    said.textContent = 'Loading…';
    await load(`sections/${anchor}`);
    const section = sections.get(anchor);
    collection.value = anchor;
    const options = section.rows.map(([page, name, rank]) => [page, `${rank ?? '–'}. ${name}`]);
    const usual = [section.rows[0], section.rows.find(row => row[3]) || section.rows[1]].map(row => row && row[0]);
    choices.forEach((select, place) => fill(select, options, wanted[place] || usual[place]));
    const free = choices[wanted[1] ? 0 : 1];
    if (choices[0].value === choices[1].value && !(wanted[0] && wanted[1]) && section.rows.length > 1) {
      free.value = options.find(([value]) => value !== free.value)[0];
    }
    await compare();
  }

  let latest = 0;
  async function compare() {
    const number = latest += 1, pages = choices.map(select => select.value);
    await Promise.all(pages.map(page => load(`rows/${page}`)));
    if (number !== latest) return;
    show(sections.get(collection.value), pages);
    history.replaceState(null, '', `?a=${pages[0]}&b=${pages[1]}`);
  }

  function report(error) {
    output.replaceChildren();
    said.textContent = `That did not work: ${error.message}.`;
  }

  async function start() {
    const asked = new URLSearchParams(location.search);
    const wanted = [asked.get('a'), asked.get('b')];
    const found = [];
    for (const page of wanted) {
      if (page) await load(`rows/${page}`).catch(() => {});
      found.push(rows.get(page)?.section);
    }
    const anchor = found[0] || found[1] || collection.value;
    const missing = wanted.filter((page, place) => page && found[place] !== anchor);
    if (missing.length) {
      trouble = `The address asks for ${missing.join(' and ')}, and there is no such run in this collection, so another is shown. `;
    }
    await open(anchor, wanted.map((page, place) => found[place] === anchor ? page : null));
    trouble = '';
  }

  root.querySelector('[data-controls]').hidden = !collection.options.length;
  document.querySelector('[data-without-script]').hidden = true;
  collection.addEventListener('change', () => open(collection.value, []).catch(report));
  for (const select of choices) select.addEventListener('change', () => compare().catch(report));
  root.querySelector('[data-swap]').addEventListener('click', () => {
    const [a, b] = choices.map(select => select.value);
    choices[0].value = b;
    choices[1].value = a;
    compare().catch(report);
  });
  if (collection.options.length) start().catch(report);
  else said.textContent = 'There is no run to compare yet.';
})();
