// Quality against cost: redraws the picture for another axis or machine from the table below it, and lets points be
// reached by pointer and keyboard. Without this script the picture that came with the page stays.
'use strict';

(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const RADIUS = 5.5, LINE = 15, MINUS = '\u2212', CROWD = 60;
  const LEFT = 58, RIGHT = 14, TOP = 26, BOTTOM = 50;
  const SHAPES = [
    'M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z',
    'M-4.6,-4.6h9.2v9.2h-9.2z',
    'M0,-6.2L6.2,0L0,6.2L-6.2,0z',
    'M0,-6L5.8,4.4H-5.8z',
    'M0,6L5.8,-4.4H-5.8z',
    'M-2,-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z',
  ];
  const MANTISSAS = [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1, 3], [1]];
  const short = value => String(Number(value.toPrecision(3)));
  const scaled = (value, steps) => {
    const [factor, unit] = steps.find(([from]) => value >= from) || steps[steps.length - 1];
    return `${short(value / factor)} ${unit}`;
  };
  // How each kind of value is written at the axis; leaderboard/cost_axes.py has the same kinds.
  const TICK = {
    seconds: value => scaled(value, [[1, 's'], [1e-3, 'ms'], [1e-6, 'µs']]),
    times: value => `${short(value)}×`,
    mib: value => scaled(value / 2 ** 20, [[1024, 'GiB'], [1, 'MiB']]),
    count: value => Number(value.toPrecision(3)).toLocaleString('en'),
    flops: value => scaled(value, [[1e15, 'PFLOP'], [1e12, 'TFLOP'], [1e9, 'GFLOP'], [1e6, 'MFLOP']]),
  };

  function linearTicks(low, high, most) {
    const start = Math.floor(Math.log10((high - low) / most));
    for (let power = start; power < start + 3; power += 1) {
      for (const factor of [1, 2, 5]) {
        const step = factor * 10 ** power;
        const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
        if (last - first < most) return Array.from({length: last - first + 1}, (_, place) => (first + place) * step);
      }
    }
    return [];
  }

  function logTicks(low, high, most) {
    let ticks = [];
    for (const mantissas of MANTISSAS) {
      ticks = [];
      for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1) {
        for (const mantissa of mantissas) {
          const tick = mantissa * 10 ** decade;
          if (tick >= low && tick <= high) ticks.push(tick);
        }
      }
      if (ticks.length <= most) break;
    }
    return ticks;
  }

  function padded(values, share, least) {
    const low = Math.min(...values), high = Math.max(...values);
    const extra = Math.max((high - low) * share, (least - (high - low)) / 2);
    return [low - extra, high + extra];
  }

  // Marks the points that nothing beats; `points` are by rising cost.
  function markFront(points) {
    let best = -Infinity;
    points.forEach((point, place) => {
      const before = points[place - 1];
      const twin = before && before.front && before.cost === point.cost && before.quality === point.quality;
      point.front = point.quality > best || Boolean(twin);
      best = Math.max(best, point.quality);
    });
  }

  function element(parent, name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  class Chart {
    constructor(root) {
      this.root = root;
      this.axes = root.querySelector('[data-axes]');
      this.machines = root.querySelector('[data-machines]');
      this.warning = root.querySelector('[data-warning]');
      this.drawing = root.querySelector('[data-drawing]');
      this.said = root.querySelector('[data-said]');
      this.rows = [...root.querySelectorAll('tr[data-quality]')].map(row => ({
        name: row.dataset.name,
        href: row.querySelector('a').getAttribute('href'),
        quality: Number(row.dataset.quality),
        low: Number(row.dataset.low),
        high: Number(row.dataset.high),
        series: Number(row.dataset.series),
        cells: new Map([...row.querySelectorAll('td[data-cost]')].map(cell => [cell.dataset.cost, cell])),
      }));
      this.baseline = root.dataset.baseline ? Number(root.dataset.baseline) : null;
      this.tip = document.createElement('div');
      this.tip.className = 'tip';
      this.tip.hidden = true;
      this.drawing.after(this.tip);
      // The pointer may go from a point to what is told of it.
      this.tip.addEventListener('pointerenter', () => clearTimeout(this.leaving));
      this.tip.addEventListener('pointerleave', () => { this.tip.hidden = true; });
      root.querySelector('[data-controls]').hidden = false;
      this.axes.addEventListener('change', () => this.draw());
      if (this.machines) this.machines.addEventListener('change', () => this.draw());
      this.drawing.addEventListener('keydown', event => this.key(event));
      document.addEventListener('keydown', event => { if (event.key === 'Escape') this.tip.hidden = true; });
      let width = 0;
      new ResizeObserver(([entry]) => {
        const now = Math.round(entry.contentRect.width);
        if (now && now !== width) {
          width = now;
          this.draw();
        }
      }).observe(this.drawing);
    }

    axis() {
      const {value, dataset} = this.axes.selectedOptions[0];
      return {key: value, title: dataset.title, kind: dataset.kind, own: dataset.ownMachine === 'true'};
    }

    // Points of the chosen axis and machine, by rising cost.
    points(axis) {
      const machine = this.machines && axis.own ? this.machines.value : '*';
      const points = [];
      for (const row of this.rows) {
        const cell = row.cells.get(axis.key);
        const cost = cell && cell.dataset.v ? Number(cell.dataset.v) : 0;
        if (cost > 0 && (machine === '*' || machine === cell.dataset.machine)) {
          points.push({...row, cost, said: cell.dataset.said, machine: cell.dataset.machine});
        }
      }
      points.sort((one, other) => one.cost - other.cost || other.quality - one.quality);
      markFront(points);
      return points;
    }

    // Those that have a name and an error bar: in a crowd only the front's, as leaderboard/plot.py has it.
    named(points) {
      return points.length > CROWD ? points.filter(point => point.front) : points;
    }

    draw() {
      const axis = this.axis(), points = this.points(axis);
      const mixed = axis.own && new Set(points.map(point => point.machine)).size > 1;
      if (this.machines) this.machines.disabled = !axis.own;
      this.warning.hidden = !mixed;
      const missing = this.rows.length - points.length;
      this.said.textContent = `${points.length} of ${this.rows.length} runs are drawn` +
        (missing ? '; the others have no such value, or come from another machine.' : '.');
      this.tip.hidden = true;
      const width = Math.min(Math.max(this.drawing.clientWidth, 280), 1080);
      const svg = document.createElementNS(SVG, 'svg');
      svg.setAttribute('class', 'plot');
      svg.setAttribute('role', 'group');
      svg.setAttribute('aria-label', `${this.root.dataset.metric} against ${axis.title}; ${points.length} runs. ` +
        'Arrow keys go from run to run, from the cheapest on.');
      const height = width < 560 ? 400 : 440;
      svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
      if (points.length) this.fill(svg, points, axis, width, height);
      else element(svg, 'text', {x: 16, y: 40, class: 'label'}, 'No run here has this value.');
      this.drawing.replaceChildren(svg);
    }

    fill(svg, points, axis, width, height) {
      const area = {left: LEFT, top: TOP, right: width - RIGHT, bottom: height - BOTTOM};
      const [xLow, xHigh] = padded(points.map(point => Math.log10(point.cost)), 0.12, 0.8);
      const values = points.flatMap(point => [point.quality, point.low, point.high]);
      if (this.baseline !== null) values.push(this.baseline);
      const [yLow, yHigh] = padded(values, 0.06, 0.1);
      const x = cost => area.left + (Math.log10(cost) - xLow) / (xHigh - xLow) * (area.right - area.left);
      const y = quality => area.bottom - (quality - yLow) / (yHigh - yLow) * (area.bottom - area.top);
      const line = (parent, x1, y1, x2, y2, kind) => element(parent, 'line', {x1, y1, x2, y2, class: kind});
      const words = (at, down, text, kind) => element(svg, 'text', {x: at, y: down, class: kind}, text);
      for (const value of linearTicks(yLow, yHigh, Math.max(3, Math.floor((area.bottom - area.top) / 44)))) {
        line(svg, area.left, y(value), area.right, y(value), 'grid');
        words(area.left - 8, y(value) + 4, value.toFixed(2).replace('-', MINUS), 'tick end');
      }
      const most = Math.max(3, Math.floor((area.right - area.left) / 74));
      for (const value of logTicks(10 ** xLow, 10 ** xHigh, most)) {
        line(svg, x(value), area.top, x(value), area.bottom, 'grid');
        words(x(value), area.bottom + 18, TICK[axis.kind](value), 'tick middle');
      }
      line(svg, area.left, area.bottom, area.right, area.bottom, 'axis');
      line(svg, area.left, area.top, area.left, area.bottom, 'axis');
      words((area.left + area.right) / 2, height - 10, `${axis.title} (logarithmic)`, 'axis-title middle');
      words(12, 15, `${this.root.dataset.metric}, with 95% interval`, 'axis-title');
      const taken = [], lines = [];
      if (this.baseline !== null) {
        line(svg, area.left, y(this.baseline), area.right, y(this.baseline), 'baseline-line');
        const below = y(this.baseline) - LINE < area.top + 1;
        const label = words(area.right - 4, y(this.baseline) + (below ? 14 : -5), this.root.dataset.baselineName, 'label end');
        taken.push({label});
        lines.push([area.left, y(this.baseline) - 1, area.right, y(this.baseline) + 1]);
      }
      const kept = points.filter(point => point.front);
      const steps = kept.map((point, place) => place
        ? `H${x(point.cost)}V${y(point.quality)}`
        : `M${x(point.cost)},${y(point.quality)}`);
      kept.forEach((point, place) => {
        const end = kept[place + 1] ? x(kept[place + 1].cost) : area.right;
        lines.push([x(point.cost), y(point.quality) - 1, end, y(point.quality) + 1]);
      });
      element(svg, 'path', {class: 'front-line', d: `${steps.join('')}H${area.right}`});
      for (const point of this.named(points)) {
        const at = x(point.cost), bar = element(svg, 'g', {class: `error series-${point.series}`});
        const top = y(point.high), bottom = y(point.low);
        line(bar, at, top, at, bottom, 'error-line');
        line(bar, at - 3, top, at + 3, top, 'error-line');
        line(bar, at - 3, bottom, at + 3, bottom, 'error-line');
      }
      points.forEach((point, place) => {
        const link = element(svg, 'a', {
          href: point.href, class: point.front ? 'run front' : 'run', tabindex: place ? -1 : 0,
          'aria-label': this.words(point),
        });
        const where = `translate(${x(point.cost)},${y(point.quality)})`;
        element(link, 'circle', {class: 'halo', r: 12, transform: where});
        element(link, 'path', {d: SHAPES[point.series % SHAPES.length], transform: where, class: `point series-${point.series}`});
        const show = () => this.show(point, x(point.cost) / width, y(point.quality) / height);
        link.addEventListener('pointerenter', show);
        link.addEventListener('focus', show);
        link.addEventListener('pointerleave', () => { this.leaving = setTimeout(() => { this.tip.hidden = true; }, 300); });
        link.addEventListener('blur', () => { this.tip.hidden = true; });
      });
      // Text can only be measured once it is in the page.
      this.drawing.replaceChildren(svg);
      this.name(svg, points, x, y, area, taken, lines);
    }

    // Names points, those of the front first, where there is room; better beside a line than over it.
    name(svg, points, x, y, area, taken, lines) {
      const boxes = taken.map(({label}) => {
        const box = label.getBBox();
        return [box.x, box.y, box.x + box.width, box.y + box.height];
      });
      for (const point of points) {
        const at = x(point.cost), down = y(point.quality);
        boxes.push([at - RADIUS - 1, down - RADIUS - 1, at + RADIUS + 1, down + RADIUS + 1]);
      }
      const wanted = this.named(points);
      for (const point of [...wanted.filter(one => one.front), ...wanted.filter(one => !one.front)]) {
        const label = element(svg, 'text', {class: 'label', 'aria-hidden': 'true'}, point.name);
        const wide = label.getBBox().width, at = x(point.cost), down = y(point.quality);
        const places = [[at + 9, down + 4], [at - 9 - wide, down + 4], [at - wide / 2, down - 11], [at - wide / 2, down + 19]];
        const boxed = ([left, base]) => [left, base - 11, left + wide, base + 3];
        const over = (box, others) => others
          .some(other => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
        const open = places.filter(place => {
          const box = boxed(place);
          return box[0] >= area.left && box[2] <= area.right && box[1] >= area.top && box[3] <= area.bottom &&
            !over(box, boxes);
        });
        const free = open.find(place => !over(boxed(place), lines)) || open[0];
        if (!free) {
          label.remove();
          continue;
        }
        label.setAttribute('x', free[0]);
        label.setAttribute('y', free[1]);
        boxes.push(boxed(free));
      }
    }

    words(point) {
      const front = point.front ? '; on the Pareto front' : '';
      const range = `${point.low.toFixed(3)} to ${point.high.toFixed(3)}`;
      return `${point.name}: ${this.root.dataset.metric} ${point.quality.toFixed(3)}, ${range}; ${point.said}${front}`;
    }

    show(point, across, down) {
      clearTimeout(this.leaving);
      this.tip.textContent = this.words(point);
      this.tip.hidden = false;
      const box = this.drawing.firstChild.getBoundingClientRect();
      const left = Math.min(Math.max(across * box.width - this.tip.offsetWidth / 2, 0), box.width - this.tip.offsetWidth);
      const above = down * box.height - this.tip.offsetHeight - 14;
      this.tip.style.left = `${left}px`;
      this.tip.style.top = `${above > 0 ? above : down * box.height + 14}px`;
    }

    key(event) {
      const links = [...this.drawing.querySelectorAll('a.run')];
      const now = links.indexOf(document.activeElement);
      const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[event.key];
      let next = null;
      if (event.key === 'Home') next = 0;
      else if (event.key === 'End') next = links.length - 1;
      else if (step) next = Math.min(Math.max(now + step, 0), links.length - 1);
      if (now < 0 || next === null) return;
      event.preventDefault();
      links[now].setAttribute('tabindex', -1);
      links[next].setAttribute('tabindex', 0);
      links[next].focus();
    }
  }

  for (const root of document.querySelectorAll('[data-chart]')) new Chart(root);
})();
