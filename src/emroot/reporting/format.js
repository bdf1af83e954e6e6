'use strict';
// The data, what all parts of the page use, and nothing else: numbers for people, elements, states.
const data = JSON.parse(document.getElementById('data').textContent);
document.documentElement.classList.remove('no-js');
const $ = (id) => document.getElementById(id);

const STATE = {
  present: ['✓', 'present'],
  absent: ['·', 'not built'],
  failed: ['✕', 'failed'],
  changed: ['!', 'changed by another program; built again when it is needed'],
  foreign: ['?', 'made by emcc or embuilder; built again when it is needed'],
  none: ['', 'not in this mode'],
};

function size(count) {
  let unit = 0;
  for (; count >= 1000 && unit < 3; unit++) count /= 1000;
  return `${unit === 0 || count >= 100 ? count.toFixed(0) : count.toFixed(1)} ${['B', 'kB', 'MB', 'GB'][unit]}`;
}

function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60), two = (n) => String(n).padStart(2, '0');
  return minutes < 60 ? `${minutes} min ${two(whole % 60)} s` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** An element; attributes whose value is null are left out, children are nodes or text. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const hidden = (text) => make('span', {class: 'sr'}, text);

/** `row.cells[mode]`: {state, bytes, seconds, compiles}. */
const rows = data.rows.map(([target, library, vary, objects, cells]) => ({
  target, library, vary, objects, search: `${target} ${library} ${vary}`.toLowerCase(),
  cells: cells.map((cell) => {
    const [state, bytes, tenths, compiles] = Array.isArray(cell) ? cell : [cell];
    return {state: state ? data.states[state - 1] : 'none', bytes: bytes || 0, seconds: tenths === undefined ? null : tenths / 10, compiles};
  }),
}));
const libraries = [...new Set(rows.map((row) => row.library))];

/** The two rows of heads above a table with a column for each of `modes` (indices): architectures, and what is left of the names. */
function modeHeads(first, modes, last) {
  const top = make('tr', {}, make('th', {class: 'first', scope: 'col', rowspan: 2}, first)), below = make('tr');
  for (const arch of new Set(data.modes.map((mode) => mode.arch))) {
    const mine = modes.filter((mode) => data.modes[mode].arch === arch);
    if (mine.length) top.append(make('th', {scope: 'colgroup', colspan: mine.length, class: 'edge'}, arch));
    mine.forEach((mode, n) => {
      const {name, variant} = data.modes[mode];
      below.append(make('th', {scope: 'col', class: n ? null : 'edge', abbr: name}, variant || 'plain'));
    });
  }
  if (last) top.append(make('th', {scope: 'col', rowspan: 2, class: 'edge'}, last));
  return make('thead', {}, top, below);
}

const edge = (modes, n) => (n === 0 || data.modes[modes[n]].arch !== data.modes[modes[n - 1]].arch ? 'edge' : '');
